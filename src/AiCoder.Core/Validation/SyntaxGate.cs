using System.Globalization;
using System.Text.RegularExpressions;
using AiCoder.Core.Failures;
using AiCoder.Core.Sandbox;

namespace AiCoder.Core.Validation;

/// <summary>
/// Looks at a file before it is written: whether it can be parsed, and whether it could be before. Nothing reaches the work tree
/// here. What can't be checked (no parser, no sandbox, no answer in time) is no error: a check must never be what stops the work.
/// </summary>
/// <param name="sandbox">Where parsers run; the files that they see lie in a folder of their own.</param>
internal sealed partial class SyntaxGate(ISandbox sandbox)
{
    // A stamp of the mistake, not a log: what matters is the first error.
    private const int MessageLimit = 1_500;
    private const long MemoryBytes = 1L << 30;
    private const int MaxProcesses = 64;

    // Said by a shell, so that a missing program is told apart from an error of its own.
    private const string IfThere = "command -v \"$1\" > /dev/null || exit 127; shift; exec \"$@\"";

    private readonly HashSet<SyntaxChecker> _unusable = [];

    /// <summary>How long a parser may take.</summary>
    internal TimeSpan Bound { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What is wrong with a file as it would be.</summary>
    /// <param name="path">Relative, for its name and extension.</param>
    /// <param name="before">Its bytes as they are; null: it is not there.</param>
    /// <param name="after">Its bytes as they would be.</param>
    /// <param name="cancellationToken">Ends the check, and throws.</param>
    /// <returns>Null: nothing, or it can't be told.</returns>
    public async Task<SyntaxBreak?> CheckAsync(string path, byte[]? before, byte[] after, CancellationToken cancellationToken)
    {
        if (after.Length is 0 or > SyntaxCheckers.MaxLength || SyntaxCheckers.IsExempt(path))
            return null;
        if (await FindAsync(path, after, cancellationToken).ConfigureAwait(false) is not { } error)
            return null;
        // Only now: nearly every edit is right, and costs one check.
        var broken = before is { Length: > 0 } && await FindAsync(path, before, cancellationToken).ConfigureAwait(false) is not null;
        return new(error, broken);
    }

    private async Task<SyntaxError?> FindAsync(string path, byte[] bytes, CancellationToken cancellationToken)
    {
        if (InProcessSyntax.Knows(path))
            return InProcessSyntax.Check(path, bytes);
        if (SyntaxCheckers.For(path) is not { } checker || _unusable.Contains(checker))
            return null;
        try
        {
            var outcome = await RunAsync(checker, Path.GetFileName(path), bytes, cancellationToken).ConfigureAwait(false);
            return outcome.Succeeded ? null : Read(checker, path, outcome);
        }
        catch (Exception exception) when (exception is FailureException or IOException or UnauthorizedAccessException)
        {
            _unusable.Add(checker);
            return null;
        }
    }

    private async Task<CommandOutcome> RunAsync(SyntaxChecker checker, string name, byte[] bytes, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("aicoder-syntax-");
        try
        {
            await File.WriteAllBytesAsync(Path.Combine(folder.FullName, name), bytes, cancellationToken).ConfigureAwait(false);
            return await sandbox.RunAsync(
                new()
                {
                    Arguments = ["/bin/sh", "-c", IfThere, "sh", checker.Program, .. checker.Command([name])],
                    WorkTree = folder.FullName,
                    Timeout = Bound,
                    Purpose = SandboxPurpose.Syntax,
                    OutputLimit = MessageLimit * 2,
                    MemoryBytes = MemoryBytes,
                    MaxProcesses = MaxProcesses,
                },
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>What a checker said; null where it speaks of itself rather than of the file.</summary>
    private SyntaxError? Read(SyntaxChecker checker, string path, CommandOutcome outcome)
    {
        var name = Path.GetFileName(path);
        if (outcome.Ending != CommandEnding.Exited
            || outcome.ExitCode != SyntaxCheckers.Broken
            || RunnerOutput.MissingToolchain(outcome.Output) is not null
            || !outcome.Output.Contains(name, StringComparison.Ordinal))
        {
            _unusable.Add(checker);
            return null;
        }

        var output = outcome.Output
            .Replace(BubblewrapSandbox.WorkTree + "/" + name, path, StringComparison.Ordinal)
            .Replace("./" + name, path, StringComparison.Ordinal)
            .Trim();
        var line = LineNumber().Match(output) is { Success: true } match && int.TryParse(match.ValueSpan, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : (int?)null;
        return new(output.Length <= MessageLimit ? output : output[..MessageLimit] + "…", line);
    }

    // "a.py:3: …", "[stdin]:3", "a.sh: line 3: …", "on line 3".
    [GeneratedRegex(@"(?<=\.\w+:|\[stdin\]:|\bline )\d+", RegexOptions.IgnoreCase)]
    private static partial Regex LineNumber();
}

/// <summary>A file that could not be parsed as it would be.</summary>
/// <param name="Error">What is wrong with it.</param>
/// <param name="Before">It can't be parsed as it is either.</param>
internal sealed record SyntaxBreak(SyntaxError Error, bool Before);
