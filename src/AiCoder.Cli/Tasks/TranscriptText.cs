using System.Globalization;
using System.Text;
using AiCoder.Cli.Terminal;
using AiCoder.Core.Agent;

namespace AiCoder.Cli.Tasks;

/// <summary>A transcript as a person reads it.</summary>
internal static class TranscriptText
{
    /// <summary>One entry, with its line ends; empty where it says nothing to a person.</summary>
    public static string Of(TranscriptEntry entry)
    {
        var text = new StringBuilder();
        switch (entry)
        {
            case MessageEntry message:
                Head(message.Source == MessageSource.Person ? "person" : message.Role);
                Body(message.Text);
                break;
            case AnswerEntry answer:
                Head($"{answer.Model}  {ProgressText.Of(answer.Answer.Usage)}");
                Body(answer.Answer.Text);
                Body(answer.Answer.Refusal);
                foreach (var call in answer.Answer.ToolCalls)
                    Body($"→ {call.Name} {call.Arguments}");
                break;
            case ResultsEntry { Results.Count: > 0 } results:
                Head("tools");
                foreach (var result in results.Results)
                    Body((result.Error ? "✗ " : "") + result.Text);
                break;
            case ShortenEntry:
                Head("older tool output is left out from here on");
                break;
        }

        return text.ToString();

        void Head(string who) => text.Append(
            CultureInfo.InvariantCulture,
            $"── {entry.At.LocalDateTime:HH:mm:ss} {entry.Stage}{(entry.Iteration > 1 ? $" round {entry.Iteration}" : "")} · {who}\n");

        void Body(string? body)
        {
            if (!string.IsNullOrEmpty(body))
                text.Append(ProgressText.Printable(body.TrimEnd())).Append("\n\n");
        }
    }
}
