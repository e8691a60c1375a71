using System.Globalization;
using AiCoder.Core.Agent.TextForm;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Core.Tools;

namespace AiCoder.Core.Agent;

/// <summary>
/// Asks the model for the next answer of a conversation with tools, in the form that it takes them: natively, or as text where the
/// endpoint refuses tools or its model does not use them.
/// </summary>
internal sealed class ModelTurn(ModelClient model, IReadOnlyList<ToolDefinition> tools)
{
    /// <summary>The answer, with its calls read from whichever form they have.</summary>
    /// <exception cref="FailureException">As <see cref="ModelClient.CompleteAsync"/>; <c>model_unusable</c> where the endpoint takes no tools and text is not allowed.</exception>
    /// <exception cref="ContextTooLongException">The conversation is longer than the model takes.</exception>
    public async Task<(ModelAnswer Answer, ToolCallForm Form)> AskAsync(IReadOnlyList<TranscriptEntry> entries, string stage, CancellationToken cancellationToken)
    {
        if (Form(entries, stage) == ToolCallForm.Text)
            return (await AskInTextAsync(entries, stage, cancellationToken).ConfigureAwait(false), ToolCallForm.Text);
        try
        {
            var request = new ModelRequest { Messages = Conversation.Build(entries, stage), Tools = tools };
            var answer = await model.CompleteAsync(request, cancellationToken).ConfigureAwait(false);
            return AsMeant(answer, entries, stage);
        }
        catch (ToolsRefusedException refused) when (model.ToolCalls != ToolCallMode.Native)
        {
            model.Traits.ToolsRefused |= refused.Lasting;
            return (await AskInTextAsync(entries, stage, cancellationToken).ConfigureAwait(false), ToolCallForm.Text);
        }
        catch (ToolsRefusedException refused)
        {
            throw new FailureException(refused.Lasting
                ? Failure.Of(FailureCodes.ModelUnusable, $"{refused.Message} It takes no tool calls: set TOOL_CALLS to auto or text.")
                : refused.Failure);
        }
    }

    private ToolCallForm Form(IReadOnlyList<TranscriptEntry> entries, string stage)
    {
        if (model.ToolCalls == ToolCallMode.Auto && ToolCallForms.Unused(entries, stage))
            return ToolCallForm.Text;
        return ToolCallForms.Recorded(entries, stage) ?? (model.ToolCalls switch
        {
            ToolCallMode.Native => ToolCallForm.Native,
            ToolCallMode.Text => ToolCallForm.Text,
            _ => model.Traits.ToolsRefused ? ToolCallForm.Text : ToolCallForm.Native,
        });
    }

    private async Task<ModelAnswer> AskInTextAsync(IReadOnlyList<TranscriptEntry> entries, string stage, CancellationToken cancellationToken)
    {
        var request = new ModelRequest { Messages = Conversation.BuildText(entries, stage, tools) };
        var answer = await model.CompleteAsync(request, cancellationToken).ConfigureAwait(false);
        // A server that makes tool calls out of such a text by itself has done the work already.
        return answer.ToolCalls.Count > 0 || answer.Refused ? answer : Read(answer, entries);
    }

    /// <summary>
    /// A native answer; or, where the model called nothing before and now writes calls into its text, the calls that it means. The
    /// endpoint passes its calls on as text then, and the task goes on that way.
    /// </summary>
    private (ModelAnswer Answer, ToolCallForm Form) AsMeant(ModelAnswer answer, IReadOnlyList<TranscriptEntry> entries, string stage)
    {
        if (model.ToolCalls != ToolCallMode.Auto || answer.ToolCalls.Count > 0 || answer.Refused || !ToolCallForms.CalledNothing(entries, stage))
            return (answer, ToolCallForm.Native);
        var read = Read(answer, entries);
        return read.ToolCalls.Any(call => call.Problem is null && tools.Any(tool => tool.Name == ToolNames.Resolve(call, tools)))
            ? (read, ToolCallForm.Text)
            : (answer, ToolCallForm.Native);
    }

    private ModelAnswer Read(ModelAnswer answer, IReadOnlyList<TranscriptEntry> entries)
    {
        var read = TextCallReader.Read(answer, tools, string.Create(CultureInfo.InvariantCulture, $"text_{entries.Count}"));
        // Secrets that were hidden by escapes in the text are plain in what was read from it.
        return read.Calls.Count == 0 ? answer : model.Redact(answer with { Text = read.Words, ToolCalls = read.Calls });
    }
}
