using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation;

/// <summary>
/// Installs what a repository needs, once for each epoch's work tree, and again only where a manifest or lock file changed. What
/// was done is remembered in a file, so that a second call (a retry, the next iteration) reports it without doing it.
/// </summary>
internal sealed class Preparation(ValidationCommands commands, ValidationRequest request)
{
    private static readonly string[] Manifests =
    [
        "package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "*requirements*.txt", "pyproject.toml",
        "setup.py", "setup.cfg", "uv.lock", "poetry.lock", "Cargo.toml", "Cargo.lock", "go.mod", "go.sum", "pom.xml", "build.gradle*",
        "settings.gradle*", "*.csproj", "*.fsproj", "*.vbproj", "*.sln", "*.slnx", "Directory.*.props", "packages.lock.json", "nuget.config",
        "composer.json", "composer.lock", "Gemfile", "Gemfile.lock",
    ];

    private static readonly string[] Installed = ["node_modules", "vendor", ".venv", "venv"];

    /// <summary>The reports of the preparation, new or remembered.</summary>
    public async Task<IReadOnlyList<CommandReport>> RunAsync(IReadOnlyList<Project> projects, IReadOnlySet<string> programs, CancellationToken cancellationToken)
    {
        var lines = request.Options.Prepare is { } given
            ? [.. given.Select(line => (Directory: ".", Command: new ProjectCommand(line, Program: null, CommandPurpose.Prepare)))]
            : projects.SelectMany(project => project.Prepare.Select(command => (project.Directory, Command: command))).ToList();
        var print = Fingerprint(lines.Select(line => line.Directory + "\0" + line.Command.Line));
        if (await ReadAsync(cancellationToken).ConfigureAwait(false) is { } prepared
            && prepared.Fingerprint == print
            && prepared.Folders.All(folder => Directory.Exists(Path.Combine(request.WorkTree, folder))))
        {
            return prepared.Reports;
        }

        var reports = new List<CommandReport>();
        foreach (var (directory, command) in lines)
            reports.Add(await RunAsync(command, directory, programs, cancellationToken).ConfigureAwait(false));

        Directory.CreateDirectory(Path.GetDirectoryName(request.PreparedPath)!);
        await File.WriteAllBytesAsync(
            request.PreparedPath, JsonSerializer.SerializeToUtf8Bytes(new PreparedWorkTree(print, InstalledFolders(lines), reports), AiCoderJson.Options), cancellationToken).ConfigureAwait(false);
        return reports;
    }

    private async Task<CommandReport> RunAsync(ProjectCommand command, string directory, IReadOnlySet<string> programs, CancellationToken cancellationToken)
    {
        if (command.Program is { } program && !programs.Contains(program))
        {
            return new()
            {
                Command = command.Line,
                Directory = directory,
                Purpose = CommandPurpose.Prepare,
                Verdict = Verdict.NotRun,
                Reason = $"toolchain missing: {program} is not installed where validation runs",
            };
        }

        var network = request.Network >= ValidationNetwork.Prepare;
        var outcome = await commands.RunAsync(command.Line, directory, CommandPurpose.Prepare, network, cancellationToken).ConfigureAwait(false);
        var verdict = outcome.Succeeded
            ? new CommandVerdict(Verdict.Passed, null, [])
            // A preparation that fails is never the model's error; what it left missing, the tests will show.
            : new(Verdict.NotRun, Reason(outcome, network), []);
        return commands.Report(command.Line, directory, CommandPurpose.Prepare, outcome, verdict);
    }

    private string Reason(CommandOutcome outcome, bool network)
    {
        if (CommandVerdict.BoundReason(outcome.Ending, request.Timeout) is { } bound)
            return $"dependencies missing: the installation {bound}";
        if (!network)
        {
            var why = request.NetworkCeiling == ValidationNetwork.None
                ? "SANDBOX_NETWORK is 'none'; 'prepare' would allow it"
                : "the task's validation.network is 'none'";
            return RunnerOutput.SaysNoNetwork(outcome.Output) || RunnerOutput.MissingPackage(outcome.Output) is not null
                ? $"dependencies missing: they could not be downloaded, because nothing here may reach the network ({why})"
                : $"dependencies missing: the installation ended with exit code {outcome.ExitCode}; it may not reach the network ({why})";
        }

        return RunnerOutput.SaysNoNetwork(outcome.Output)
            ? "dependencies missing: the package server could not be reached"
            : $"dependencies missing: the installation ended with exit code {outcome.ExitCode}";
    }

    private string Fingerprint(IEnumerable<string> lines)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var line in lines)
            hash.AppendData(Encoding.UTF8.GetBytes(line + "\n"));
        foreach (var path in RepositoryFiles.Under(request.WorkTree, 20_000).Where(IsManifest))
        {
            var file = new FileInfo(Path.Combine(request.WorkTree, path));
            if (file.LinkTarget is not null || file.Length > 16 << 20)
                continue;
            hash.AppendData(Encoding.UTF8.GetBytes(path + "\0"));
            hash.AppendData(SHA256.HashData(File.ReadAllBytes(file.FullName)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static bool IsManifest(string path) =>
        Manifests.Any(pattern => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, Path.GetFileName(path)));

    private async Task<PreparedWorkTree?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var bytes = await File.ReadAllBytesAsync(request.PreparedPath, cancellationToken).ConfigureAwait(false);
            return JsonSerializer.Deserialize<PreparedWorkTree>(bytes, AiCoderJson.Options);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            // Never prepared, or killed while writing: prepare (again).
            return null;
        }
    }

    // Where the repository does not ignore them, a checkout takes them away again.
    private List<string> InstalledFolders(IEnumerable<(string Directory, ProjectCommand Command)> lines) =>
    [
        .. lines.Select(line => line.Directory).Distinct()
            .SelectMany(directory => Installed.Select(name => Path.Combine(directory, name)))
            .Where(folder => Directory.Exists(Path.Combine(request.WorkTree, folder))),
    ];
}
