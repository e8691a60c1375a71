using System.Globalization;
using System.Text.RegularExpressions;
using AiCoder.Core.Failures;
using AiCoder.Core.Sandbox;

namespace AiCoder.Core.Validation;

/// <summary>
/// Looks at a file before it is written: whether it can be parsed, and whether it could be before. Nothing reaches the work tree
/// here. What can't be checked (no parser, no sandbox, no answer in time) is no error: a check must never be what stops the work.
/// </summary>
/// <param name="sandbox">Where parsers run.</param>
/// <param name="place">
/// What the task's commands have. Parsers have the same, network and all: where a sandbox is kept between commands (a pod), a check
/// must not cost another one. No other command of the task may run during a check.
/// </param>
internal sealed partial class SyntaxGate(ISandbox sandbox, CommandPlace place)
{
    // A stamp of the mistake, not a log: what matters is the first error.
    private const int MessageLimit = 1_500;
    private const long MemoryBytes = 1L << 30;

    // Arguments: the folder below the home, the file in it, the program, the command. In home and work tree may lie what earlier commands
    // put there: nothing of it is to be taken for a program or a setting. So the file is moved where nothing else is, which is home and
    // current folder then. A missing program is told apart from an error of its own.
    private const string Alone =
        """
        set -f
        from=$HOME/$1/$2 to=$TMPDIR/$1 program=$3 path=
        shift 3
        IFS=:
        for folder in $PATH; do
          case $folder in "$HOME" | "$HOME"/* | "$PWD" | "$PWD"/*) ;; /*) path=$path:$folder ;; esac
        done
        PATH=${path#:}
        unset BASH_ENV NODE_OPTIONS NODE_PATH PHPRC PHP_INI_SCAN_DIR RUBYLIB RUBYOPT
        command -v "$program" > /dev/null && mkdir "$to" && cp "$from" "$to/" && cd "$to" || exit 127
        HOME=$to
        exec "$@"
        """;

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
        if (await LookAsync(path, after, cancellationToken).ConfigureAwait(false) is not { Error: { } error })
            return null;
        if (before is null or { Length: 0 })
            return new(error, Before: false);
        // Only now: nearly every edit is right, and costs one check.
        return await LookAsync(path, before, cancellationToken).ConfigureAwait(false) is { } look ? new(error, look.Error is not null) : null;
    }

    /// <returns>Null: it can't be told.</returns>
    private async Task<SyntaxLook?> LookAsync(string path, byte[] bytes, CancellationToken cancellationToken)
    {
        if (InProcessSyntax.Knows(path))
            return new(InProcessSyntax.Check(path, bytes));
        if (SyntaxCheckers.For(path) is not { } checker || _unusable.Contains(checker))
            return null;
        try
        {
            var name = Path.GetFileName(path);
            using var copy = await ParsedCopy.WriteAsync(place.Home, name, bytes, cancellationToken).ConfigureAwait(false);
            var outcome = await RunAsync(checker, copy, name, cancellationToken).ConfigureAwait(false);
            return outcome.Succeeded ? new(null) : Read(checker, path, copy, outcome);
        }
        catch (FailureException exception) when (exception.Failure.Category == FailureCategory.Network)
        {
            // Its pod was lost, or the way there: the next edit finds another.
            return null;
        }
        catch (Exception exception) when (exception is FailureException or IOException or UnauthorizedAccessException)
        {
            _unusable.Add(checker);
            return null;
        }
    }

    private Task<CommandOutcome> RunAsync(SyntaxChecker checker, ParsedCopy copy, string name, CancellationToken cancellationToken) => sandbox.RunAsync(
        new()
        {
            Arguments = ["/bin/sh", "-c", Alone, "sh", copy.Name, name, checker.Program, .. checker.Command([name])],
            WorkTree = place.WorkTree,
            Home = place.Home,
            Network = place.Network,
            Image = place.Image,
            WritesNothing = true,
            Timeout = Bound,
            Purpose = SandboxPurpose.Syntax,
            OutputLimit = MessageLimit * 2,
            MemoryBytes = MemoryBytes,
        },
        cancellationToken);

    /// <summary>What a checker said; null where it speaks of itself rather than of the file.</summary>
    private SyntaxLook? Read(SyntaxChecker checker, string path, ParsedCopy copy, CommandOutcome outcome)
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

        // Wherever the sandbox showed it, the folder's name is in no other path.
        var output = Regex.Replace(outcome.Output, $@"(\./|[^\s'""(]*{Regex.Escape(copy.Name)}/){Regex.Escape(name)}", _ => path).Trim();
        var line = LineNumber().Match(output) is { Success: true } match && int.TryParse(match.ValueSpan, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : (int?)null;
        return new(new(TextLimit.Cut(output, MessageLimit), line));
    }

    // "a.py:3: …", "[stdin]:3", "a.sh: line 3: …", "on line 3".
    [GeneratedRegex(@"(?<=\.\w+:|\[stdin\]:|\bline )\d+", RegexOptions.IgnoreCase)]
    private static partial Regex LineNumber();

    private sealed record SyntaxLook(SyntaxError? Error);
}

/// <summary>A file that could not be parsed as it would be.</summary>
/// <param name="Error">What is wrong with it.</param>
/// <param name="Before">It can't be parsed as it is either.</param>
internal sealed record SyntaxBreak(SyntaxError Error, bool Before);
