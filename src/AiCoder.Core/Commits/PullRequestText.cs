using System.Text;
using System.Text.RegularExpressions;
using AiCoder.Core.Activities;
using AiCoder.Core.Forges;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Commits;

/// <summary>Title and description of the pull request, filled in from the task where the request left them out.</summary>
internal static partial class PullRequestText
{
    private const int TitleColumns = 120;
    private const int MostChanges = 100;
    private const int MostFailures = 5;
    private const int LongestOutput = 2_000;

    // A title that was given is kept, also where it must say that the validation failed.
    private const string FailedMark = "[validation failed] ";

    public static PullRequestProposal Create(CommitInput input, IReadOnlyList<Change> changes, IReadOnlyList<string> notes)
    {
        var options = input.Spec.PullRequest ?? new();
        var title = options.Title ?? CommitMessage.Subject(input.Spec.Intent, TitleColumns);
        return new()
        {
            SourceBranch = input.Spec.WorkBranch,
            TargetBranch = input.Source.BaseBranch,
            Title = (input.Draft ? FailedMark : "") + title.ReplaceLineEndings(" "),
            Description = Description(input, options, changes, notes),
            Draft = options.Draft || input.Draft,
            Labels = options.Labels,
            Reviewers = options.Reviewers,
        };
    }

    private static string Description(CommitInput input, PullRequestOptions options, IReadOnlyList<Change> changes, IReadOnlyList<string> notes)
    {
        var text = new StringBuilder();
        // What fails comes first: a forge with little room cuts the end.
        if (input.Draft)
            text.Append("**The validation of this change fails.** It is a draft for a person to finish.\n\n");
        if (options.Description is { Length: > 0 } given)
            text.Append(given).Append("\n\n");
        else
            text.Append(input.Spec.Intent.Trim()).Append("\n\n").Append(Section("Summary", input.Summary)).Append(List("Changes", changes.Select(change => Code(change.ToString())), MostChanges));

        text.Append("### Validation\n\n").Append(ValidationText.Sentence(input.Results)).Append("\n\n");
        foreach (var failed in input.Results.Commands.Where(command => command is { Verdict: Verdict.Failed, PreExisting: false }).Take(MostFailures))
            text.Append(Code(failed.Command)).Append(failed.Reason is null ? "" : ": " + failed.Reason).Append("\n\n").Append(Fenced(failed.Output));
        text.Append(List("Notes", input.Notes.Concat(notes).Distinct(), MostChanges));
        text.Append("AiCoder task ").Append(Code(input.Spec.TaskId)).Append(", model ").Append(Code(input.Spec.Model)).Append(".\n");
        return text.ToString();
    }

    private static string Section(string title, string? body) => string.IsNullOrWhiteSpace(body) ? "" : $"### {title}\n\n{body.Trim()}\n\n";

    private static string List(string title, IEnumerable<string> entries, int most)
    {
        var all = entries.ToArray();
        if (all.Length == 0)
            return "";
        var more = all.Length > most ? $"- and {all.Length - most} more\n" : "";
        return $"### {title}\n\n{string.Concat(all.Take(most).Select(entry => $"- {entry.ReplaceLineEndings(" ")}\n"))}{more}\n";
    }

    private static string Code(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Contains('`', StringComparison.Ordinal) ? $"`` {line} ``" : $"`{line}`";
    }

    // The end of a test's output is where it says what failed. A fence is longer than any in it.
    private static string Fenced(string output)
    {
        if (string.IsNullOrWhiteSpace(output))
            return "";
        var tail = TextLimit.CutStart(output, LongestOutput);
        var fence = new string('`', Math.Max(3, Backticks().Matches(tail).Select(match => match.Length + 1).DefaultIfEmpty().Max()));
        return $"{fence}text\n{tail.Trim()}\n{fence}\n\n";
    }

    [GeneratedRegex("`{3,}")]
    private static partial Regex Backticks();
}
