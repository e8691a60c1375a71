using System.Text;
using AiCoder.Core.Git;
using LibGit2Sharp;

namespace AiCoder.Core.Workspaces;

/// <summary>The symbolic links of a snapshot. Only reads.</summary>
internal sealed class TreeLinks(WorkspaceLayout layout, int epoch, GitProgram git, GitBounds bounds)
{
    // No system makes a longer one.
    private const int LongestTarget = 4096;
    private const string LinkMode = "120000 ";

    public async Task<IReadOnlyDictionary<string, string>> ReadAsync(string tree, CancellationToken cancellationToken)
    {
        var listed = await git.RequireAsync(
            new()
            {
                Arguments = ["ls-tree", "-r", "-z", "--full-tree", tree],
                Environment = SnapshotRepository.ObjectsEnvironment(layout, epoch),
                Timeout = bounds.Local,
            },
            cancellationToken).ConfigureAwait(false);
        using var repository = new Repository(layout.GitFolder(epoch));
        var links = new Dictionary<string, string>(StringComparer.Ordinal);
        // "<mode> <kind> <id>\t<path>"
        foreach (var line in Encoding.UTF8.GetString(listed.Output.Span).Split('\0').Where(line => line.StartsWith(LinkMode, StringComparison.Ordinal)))
        {
            var (tab, words) = (line.IndexOf('\t', StringComparison.Ordinal), line.Split(' ', '\t'));
            if (repository.Lookup<Blob>(words[2]) is { Size: <= LongestTarget } target)
                links[line[(tab + 1)..]] = target.GetContentText();
        }

        return links;
    }
}
