using System.Globalization;
using System.Text;
using AiCoder.Core.Failures;
using AiCoder.Core.Processes;
using AiCoder.Demo;

namespace AiCoder.Cli.Demonstration;

/// <summary>The bare repository that the demo serves, and what came to stand in it.</summary>
internal sealed class DemoRepository(ProcessRunner processes, string path)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    /// <summary>The folder of the bare repository.</summary>
    public string Path => path;

    /// <summary>Makes the repository with the project as its one commit on <c>main</c>.</summary>
    public async Task CreateAsync(DemoProject project, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(path);
        await GitAsync(["init", "--quiet", "--bare", "--template=", "--initial-branch=main"], null, cancellationToken);
        await GitAsync(["config", "http.receivepack", "true"], null, cancellationToken);

        // A stream for fast-import: bytes go in as they are, without a work tree, and counts are in bytes.
        var stream = new StringBuilder("commit refs/heads/main\ncommitter Demo <demo@example.com> 1767323045 +0000\n");
        Data(stream, "Begin\n");
        foreach (var (file, content) in project.Files)
        {
            stream.Append(CultureInfo.InvariantCulture, $"M 100644 inline {file}\n");
            Data(stream, content);
        }

        await GitAsync(["fast-import", "--quiet"], stream.ToString(), cancellationToken);
    }

    /// <summary>A branch's last commit with its message, what it changed and its diff, as git shows it.</summary>
    public Task<string> ShowAsync(string branch, bool colour, CancellationToken cancellationToken) =>
        GitAsync(["show", "--stat", "--patch", colour ? "--color=always" : "--color=never", $"refs/heads/{branch}"], null, cancellationToken);

    /// <summary>The commit that a branch points at; null where there is no such branch.</summary>
    public async Task<string?> HeadOfAsync(string branch, CancellationToken cancellationToken)
    {
        var commit = (await GitAsync(["for-each-ref", "--format=%(objectname)", $"refs/heads/{branch}"], null, cancellationToken)).Trim();
        return commit.Length == 0 ? null : commit;
    }

    /// <summary>Writes a branch's files to a folder.</summary>
    public async Task WriteAsync(string branch, string workTree, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(workTree);
        await GitAsync(["--work-tree", workTree, "read-tree", $"refs/heads/{branch}"], null, cancellationToken);
        await GitAsync(["--work-tree", workTree, "checkout-index", "--all", "--force"], null, cancellationToken);
    }

    private static void Data(StringBuilder stream, string text) =>
        stream.Append(CultureInfo.InvariantCulture, $"data {Encoding.UTF8.GetByteCount(text)}\n").Append(text).Append('\n');

    private async Task<string> GitAsync(IReadOnlyList<string> arguments, string? input, CancellationToken cancellationToken)
    {
        var outcome = await processes.RunAsync(
            new()
            {
                FileName = "git",
                Arguments = ["--git-dir", path, .. arguments],
                WorkingDirectory = path,
                Environment = new Dictionary<string, string>
                {
                    ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
                    ["HOME"] = path,
                    ["GIT_CONFIG_NOSYSTEM"] = "1",
                    ["GIT_CONFIG_GLOBAL"] = "/dev/null",
                    ["LC_ALL"] = "C",
                },
                StandardInput = input,
                Timeout = Bound,
            },
            cancellationToken);
        return outcome.ExitCode == 0
            ? outcome.StandardOutput
            : throw new FailureException(FailureCodes.Configuration, $"git {string.Join(' ', arguments)} failed in the demo's repository: {outcome.StandardError.Trim()}");
    }
}
