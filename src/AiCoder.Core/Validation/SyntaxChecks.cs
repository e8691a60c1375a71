using AiCoder.Core.Sandbox;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Validation;

/// <summary>
/// Looks whether the changed files can be parsed at all, without running them: by their own language's parser in the sandbox, data
/// formats in this process. A language whose parser is not there is left out.
/// </summary>
internal sealed class SyntaxChecks(ValidationCommands commands, ValidationRequest request, IReadOnlySet<string> programs)
{
    private const int MaxFiles = 500;
    private const int MaxNodeFiles = 60;

    // Parses without importing, so that nothing runs and no bytecode is left.
    private const string Python =
        """
        import sys, tokenize
        bad = 0
        for path in sys.argv[1:]:
            try:
                with tokenize.open(path) as file:
                    compile(file.read(), path, 'exec', dont_inherit=True)
            except (SyntaxError, ValueError) as error:
                bad = 1
                print(f'{path}:{getattr(error, "lineno", 0) or 0}: {error.__class__.__name__}: {getattr(error, "msg", error)}')
                print('    ' + (getattr(error, 'text', '') or '').rstrip())
        sys.exit(bad)
        """;

    private const string EachFile = "bad=0; check=$1; shift; for file; do $check \"$file\" || bad=1; done; exit $bad";

    private static readonly (string Name, string Program, string[] Extensions, string Check)[] ByProgram =
    [
        ("bash -n", "bash", [".sh", ".bash"], "bash -n"),
        ("php -l", "php", [".php"], "php -l"),
        ("ruby -c", "ruby", [".rb"], "ruby -c"),
        ("gofmt -e -l", "gofmt", [".go"], "gofmt -e -l"),
    ];

    /// <summary>One report for each language that was checked.</summary>
    public async Task<IReadOnlyList<CommandReport>> RunAsync(CancellationToken cancellationToken)
    {
        var files = request.Changes
            .Where(change => change.Kind != ChangeKind.Deleted)
            .Select(change => change.Path)
            .Where(path => new FileInfo(Path.Combine(request.WorkTree, path)) is { Exists: true, LinkTarget: null })
            .Take(MaxFiles)
            .ToList();
        var reports = new List<CommandReport>();
        if (Of(files, ".py", ".pyi") is { Count: > 0 } python && programs.Contains("python3"))
            reports.Add(await RunAsync("python3 (parse)", ["python3", "-c", Python, .. python], python, cancellationToken).ConfigureAwait(false));
        foreach (var (name, program, extensions, check) in ByProgram)
        {
            if (Of(files, extensions) is { Count: > 0 } found && programs.Contains(program))
                reports.Add(await RunAsync(name, ["/bin/sh", "-c", EachFile, "sh", check, .. found.Select(Safe)], found, cancellationToken).ConfigureAwait(false));
        }

        if (Of(files, ".js", ".mjs", ".cjs") is { Count: > 0 } scripts && programs.Contains("node"))
            reports.Add(await NodeAsync(scripts, cancellationToken).ConfigureAwait(false));
        if (DataSyntax.Check(request.WorkTree, files) is { } data)
            reports.Add(data);
        return reports;
    }

    private async Task<CommandReport> RunAsync(string name, IReadOnlyList<string> arguments, List<string> files, CancellationToken cancellationToken)
    {
        request.Report(name);
        var outcome = await commands.RunQuietlyAsync(arguments, ".", SandboxPurpose.Syntax, network: false, cancellationToken).ConfigureAwait(false);
        return commands.Report(Title(name, files), ".", CommandPurpose.Syntax, outcome, Verdict(outcome));
    }

    // node takes one file at a time, and takes a file for CommonJS unless its name or package.json says otherwise; many repositories
    // say it to a bundler only, or write JSX, so only what is wrong in every reading counts.
    private async Task<CommandReport> NodeAsync(List<string> files, CancellationToken cancellationToken)
    {
        const string Script =
            """
            bad=0
            for file; do
              node --check "$file" > /tmp/check.$$ 2>&1 && continue
              grep -qE "Unexpected token '<'|Cannot use import statement|Unexpected token 'export'|Cannot use 'import.meta'|await is only valid" /tmp/check.$$ && {
                grep -q "Unexpected token '<'" /tmp/check.$$ && continue
                node --input-type=module --check < "$file" > /tmp/check.$$ 2>&1 && continue
                grep -q "Unexpected token '<'" /tmp/check.$$ && continue
              }
              echo "$file"; cat /tmp/check.$$; bad=1
            done
            exit $bad
            """;
        return await RunAsync(
            "node --check", ["/bin/sh", "-c", Script.Replace("/tmp/", "\"$TMPDIR\"/", StringComparison.Ordinal), "sh", .. files.Take(MaxNodeFiles).Select(Safe)], files, cancellationToken)
            .ConfigureAwait(false);
    }

    private CommandVerdict Verdict(CommandOutcome outcome) => outcome switch
    {
        { Succeeded: true } => new(Tasks.Verdict.Passed, null, []),
        { Ending: not CommandEnding.Exited } => new(Tasks.Verdict.NotRun, CommandVerdict.BoundReason(outcome.Ending, request.Timeout), []),
        _ when RunnerOutput.MissingToolchain(outcome.Output) is { } missing => new(Tasks.Verdict.NotRun, $"toolchain missing: {missing}", []),
        _ => new(Tasks.Verdict.Failed, "syntax errors", []),
    };

    internal static string Title(string name, List<string> files) => files.Count <= 3
        ? $"{name} {string.Join(' ', files)}"
        : $"{name} ({files.Count} files)";

    private static List<string> Of(List<string> files, params string[] extensions) =>
        [.. files.Where(file => extensions.Contains(Path.GetExtension(file)))];

    // A name that begins with a dash would be an option.
    private static string Safe(string path) => "./" + path;
}
