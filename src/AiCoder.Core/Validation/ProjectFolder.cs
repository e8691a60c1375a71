using System.IO.Enumeration;
using System.Text;

namespace AiCoder.Core.Validation;

/// <summary>A folder of the repository as the ecosystems look at it. Links are not followed and files are read in part only.</summary>
public sealed class ProjectFolder
{
    private const int ReadLimit = 256 * 1024;
    private const int DeepLimit = 2_000;
    private readonly Lazy<IReadOnlyList<string>> _deep;

    internal ProjectFolder(string root, string directory, IReadOnlyList<string> files, IReadOnlySet<string> programs, bool networkForTests)
    {
        Root = root;
        Directory = directory;
        Files = files;
        Programs = programs;
        NetworkForTests = networkForTests;
        _deep = new(() => RepositoryFiles.Under(FullPath("."), DeepLimit));
    }

    /// <summary>The repository, absolute.</summary>
    public string Root { get; }

    /// <summary>Relative to the repository; <c>.</c> is its root.</summary>
    public string Directory { get; }

    /// <summary>Names of the files that lie in it.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>The programs that the sandbox has.</summary>
    public IReadOnlySet<string> Programs { get; }

    /// <summary>Whether tests may reach the network; where not, tools that would ask it are told so.</summary>
    public bool NetworkForTests { get; }

    /// <summary>Files below it, relative to it, without dependencies and build output; at most 2,000.</summary>
    public IReadOnlyList<string> Deep => _deep.Value;

    public bool Has(string name) => Files.Contains(name, StringComparer.Ordinal);

    /// <summary>A path below it exists.</summary>
    public bool Exists(string relative) => Path.Exists(FullPath(relative));

    /// <summary>The first file that matches a pattern with <c>*</c> and <c>?</c>; null: none.</summary>
    public string? Find(string pattern) => Files.Order(StringComparer.Ordinal).FirstOrDefault(name => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false));

    /// <summary>The beginning of a file below it; empty where there is none.</summary>
    public string Read(string relative)
    {
        var file = new FileInfo(FullPath(relative));
        // A link could lead anywhere.
        if (!file.Exists || file.LinkTarget is not null)
            return "";

        using var stream = file.OpenRead();
        var buffer = new byte[Math.Min(ReadLimit, file.Length)];
        return Encoding.UTF8.GetString(buffer, 0, stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)).TrimStart('\uFEFF');
    }

    private string FullPath(string relative) => Path.Combine(Root, Directory, relative);
}
