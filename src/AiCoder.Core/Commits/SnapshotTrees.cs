using System.Text;
using AiCoder.Core.Git;
using AiCoder.Core.Workspaces;
using LibGit2Sharp;

namespace AiCoder.Core.Commits;

/// <summary>Reads and trims the snapshot trees of one workspace. Not thread-safe.</summary>
internal sealed class SnapshotTrees(Workspace workspace) : IDisposable
{
    private readonly Repository _repository = new(workspace.GitFolderPath);

    /// <summary>A tree's entry: a file, a link, a folder or a submodule; null: none of that name.</summary>
    public TreeEntry? Find(string tree, string path) => _repository.Lookup<Tree>(tree)[path];

    /// <summary>
    /// Every entry that a change's path may mean. A name that is no UTF-8 reaches us with U+FFFD in the place of its bytes, so
    /// several names may read alike; each of them is looked at.
    /// </summary>
    public IReadOnlyList<TreeEntry> FindAll(string tree, string path)
    {
        if (!path.Contains('\ufffd', StringComparison.Ordinal))
            return Find(tree, path) is { } entry ? [entry] : [];

        var parts = path.Split('/');
        IEnumerable<Tree> folders = [_repository.Lookup<Tree>(tree)];
        foreach (var part in parts[..^1])
            folders = [.. folders.SelectMany(folder => folder.Where(entry => entry.Name == part)).Select(entry => entry.Target).OfType<Tree>()];
        return [.. folders.SelectMany(folder => folder.Where(entry => entry.Name == parts[^1]))];
    }

    /// <summary>Bytes of a blob, at most so many.</summary>
    public static byte[] Read(Blob blob, long most)
    {
        using var stream = blob.GetContentStream();
        var content = new byte[Math.Min(most, blob.Size)];
        var read = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return content[..read];
    }

    /// <summary>The same tree without some files; folders that are empty then go too.</summary>
    public async Task<string> WithoutAsync(string tree, IReadOnlyCollection<string> paths, CancellationToken cancellationToken)
    {
        if (paths.Count == 0)
            return tree;
        var index = Path.Combine(workspace.GitFolderPath, $"commit.{Guid.NewGuid():n}.index");
        try
        {
            await GitAsync(index, ["read-tree", tree], default, cancellationToken).ConfigureAwait(false);
            var list = Encoding.UTF8.GetBytes(string.Concat(paths.Select(path => path + '\0')));
            await GitAsync(index, ["update-index", "-z", "--force-remove", "--stdin"], list, cancellationToken).ConfigureAwait(false);
            return (await GitAsync(index, ["write-tree"], default, cancellationToken).ConfigureAwait(false)).Trim();
        }
        finally
        {
            File.Delete(index);
        }
    }

    public void Dispose() => _repository.Dispose();

    private async Task<string> GitAsync(string index, string[] arguments, ReadOnlyMemory<byte> input, CancellationToken cancellationToken)
    {
        var environment = SnapshotRepository.ObjectsEnvironment(workspace.Layout, workspace.Epoch);
        environment["GIT_INDEX_FILE"] = index;
        var call = new GitCall { Arguments = arguments, Environment = environment, Input = input, Timeout = workspace.Bounds.Local };
        return (await workspace.Git.RequireAsync(call, cancellationToken).ConfigureAwait(false)).Text;
    }
}
