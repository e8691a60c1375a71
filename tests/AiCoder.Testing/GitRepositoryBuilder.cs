using System.Text;

namespace AiCoder.Testing;

/// <summary>
/// Makes real bare repositories. Files are bytes and reach the tree as they are: no filter, no attribute, no work tree between.
/// </summary>
public sealed class GitRepositoryBuilder
{
    public const string RegularFile = "100644";
    public const string ExecutableFile = "100755";
    public const string SymbolicLink = "120000";
    public const string Submodule = "160000";

    private readonly SortedDictionary<string, (string Mode, byte[] Content)> _files = new(StringComparer.Ordinal);

    /// <summary>The branch that is written; default <c>main</c>, which is also the repository's HEAD.</summary>
    public string Branch { get; init; } = "main";

    /// <summary>Sets a file's bytes.</summary>
    public GitRepositoryBuilder With(string path, byte[] content, string mode = RegularFile)
    {
        _files[path] = (mode, content);
        return this;
    }

    /// <summary>Sets a file's text as UTF-8 without BOM.</summary>
    public GitRepositoryBuilder With(string path, string content, string mode = RegularFile) =>
        With(path, Encoding.UTF8.GetBytes(content), mode);

    /// <summary>Takes a file out of the next commit.</summary>
    public GitRepositoryBuilder Without(string path)
    {
        _files.Remove(path);
        return this;
    }

    /// <summary>Makes the bare repository with one commit.</summary>
    /// <returns>The commit.</returns>
    public async Task<string> CreateAsync(string bareRepository, string message = "Begin")
    {
        await CreateEmptyAsync(bareRepository, Branch);
        return await CommitAsync(bareRepository, message);
    }

    /// <summary>A bare repository without any commit.</summary>
    public static async Task CreateEmptyAsync(string bareRepository, string head = "main")
    {
        Directory.CreateDirectory(bareRepository);
        await GitProgram.RunAsync(bareRepository, "init", "--quiet", "--bare", "--template=", $"--initial-branch={head}");
    }

    /// <summary>Adds a commit with the files as they now are to <see cref="Branch"/>.</summary>
    /// <returns>The commit.</returns>
    public async Task<string> CommitAsync(string bareRepository, string message)
    {
        var reference = $"refs/heads/{Branch}";
        var stream = new MemoryStream();
        void Line(string text) => stream.Write(Encoding.UTF8.GetBytes(text + "\n"));
        void Data(byte[] data)
        {
            Line($"data {data.Length}");
            stream.Write(data);
            Line("");
        }

        Line($"commit {reference}");
        Line("committer Test <test@example.com> 1767323045 +0000");
        Data(Encoding.UTF8.GetBytes(message));
        var known = await GitProgram.RunAsync(bareRepository, "for-each-ref", "--format=%(objectname)", reference);
        if (known.Length > 0)
            Line($"from {known}");
        Line("deleteall");
        foreach (var (path, (mode, content)) in _files)
        {
            var quoted = '"' + path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + '"';
            if (mode == Submodule)
            {
                Line($"M {mode} {Encoding.ASCII.GetString(content)} {quoted}");
                continue;
            }
            Line($"M {mode} inline {quoted}");
            Data(content);
        }
        await GitProgram.RunBytesAsync(bareRepository, stream.ToArray(), "fast-import", "--quiet", "--force");
        return await GitProgram.RunAsync(bareRepository, "rev-parse", reference);
    }
}
