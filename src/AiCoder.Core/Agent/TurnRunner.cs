using AiCoder.Core.Models;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tools;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Agent;

/// <summary>Runs the tools of one answer and takes the snapshot after them. Run again from the same snapshot, it does the same.</summary>
/// <param name="workspace">The task's workspace.</param>
/// <param name="tools">The tools.</param>
/// <param name="guard">Keeps out of the snapshot what commands may not change.</param>
/// <param name="redactor">Takes secrets out of what tools answer.</param>
/// <param name="report">Tells people what is done, one line.</param>
internal sealed class TurnRunner(Workspace workspace, ToolSet tools, ScopeGuard guard, SecretRedactor redactor, Action<string> report)
{
    private const int ShownLength = 120;

    // A model that repeats itself without end would fill its own context with the answers.
    private const int MostCalls = 50;
    private static readonly string[] TellingArguments = ["path", "command", "pattern", "from"];

    /// <summary>The results of an answer's calls, without what <c>finish</c> means for the task.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="before">The snapshot that stands in the work tree.</param>
    /// <param name="cancellationToken">Ends the tools; the work tree is then not as any snapshot has it, and is marked so.</param>
    public async Task<TurnOutcome> RunAsync(ModelAnswer answer, string before, CancellationToken cancellationToken)
    {
        var calls = new List<CallResult>();
        var changed = new HashSet<string>(StringComparer.Ordinal);
        var refused = new List<string>();
        var forbidden = new List<string>();
        var scan = false;
        string? finished = null;
        try
        {
            foreach (var call in answer.ToolCalls)
            {
                report(Describe(call));
                var result = finished is not null ? new ToolResult("Not done: finish comes last.") { Error = true }
                    : calls.Count >= MostCalls ? new ToolResult($"Not done: an answer may have {MostCalls} calls.") { Error = true }
                    : await RunAsync(call, answer, calls.Exists(earlier => earlier.Error), cancellationToken).ConfigureAwait(false);
                calls.Add(new(call.Id, redactor.Redact(result.Text), result.Error));
                changed.UnionWith(result.Changed);
                scan |= result.ChangedAnything;
                finished = result.Finished ?? finished;
                if (result.RefusedPath is { } path)
                    refused.Add(path);
                if (result.ForbiddenPath is { } place)
                    forbidden.Add(place);
            }

            var (after, taken) = await guard.SnapshotAsync(before, changed, scan, cancellationToken).ConfigureAwait(false);
            if (taken.Count > 0)
            {
                // A command's processes are gone when it answers: nothing moves while the files are put back.
                await workspace.CheckoutAsync(after, cancellationToken).ConfigureAwait(false);
                refused.AddRange(taken);
                calls[^1] = calls[^1] with { Text = $"{calls[^1].Text}\n({ScopeGuard.TakenBack(taken)})" };
            }
            else if (scan)
            {
                await guard.KeepAsync(after, cancellationToken).ConfigureAwait(false);
            }

            return new(calls, after, finished, [.. refused.Distinct().Select(ScopeGuard.Note), .. forbidden.Select(place => ScopeGuard.ForbiddenNote(redactor.Redact(place))).Distinct()]);
        }
        catch
        {
            workspace.MarkDirty();
            throw;
        }
    }

    private Task<ToolResult> RunAsync(ToolCall call, ModelAnswer answer, bool failedBefore, CancellationToken cancellationToken)
    {
        if (call.Problem is { } problem)
            return Task.FromResult(new ToolResult(problem) { Error = true });
        if (tools.NameOf(call) == "finish" && failedBefore)
            return Task.FromResult(new ToolResult("Not finished: a call before it in the same answer failed. Look at that first.") { Error = true });
        // Also one that has no arguments yet.
        if (answer.CutOff && call == answer.ToolCalls[^1] && (call.Arguments == "{}" || !ToolArguments.IsWhole(call.Arguments)))
            return Task.FromResult(new ToolResult(Prompt.Render("cut-off.v1")) { Error = true });
        return tools.RunAsync(call, cancellationToken);
    }

    /// <summary>The tool and what it works on, in one line.</summary>
    private static string Describe(ToolCall call)
    {
        try
        {
            if (call.Problem is not null)
                return call.Name;
            var arguments = ToolArguments.Parse(call.Arguments);
            var what = TellingArguments.Select(arguments.Optional).FirstOrDefault(value => !string.IsNullOrEmpty(value));
            return TextLimit.Cut($"{call.Name} {what?.ReplaceLineEndings(" ")}".TrimEnd(), ShownLength);
        }
        catch (ToolException)
        {
            return call.Name;
        }
    }
}

/// <summary>What the tools of an answer did.</summary>
/// <param name="Results">One for each call.</param>
/// <param name="Tree">The snapshot after them.</param>
/// <param name="Finished">The model said that it is done.</param>
/// <param name="Notes">What a reader of the task's result should know.</param>
internal sealed record TurnOutcome(IReadOnlyList<CallResult> Results, string Tree, string? Finished, IReadOnlyList<string> Notes);
