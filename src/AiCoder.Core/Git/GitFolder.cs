using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Git;

/// <summary>Lays a git directory by hand: one process fewer, and nothing in it that we did not choose.</summary>
internal static class GitFolder
{
    /// <summary>
    /// Stands above every .gitattributes of a repository (gitattributes(5): info/attributes has the highest precedence): no
    /// conversion of line ends or encodings, no filter, no keyword, and differences as text where the content is text.
    /// </summary>
    private const string RawAttributes = "* -text !eol -crlf -ident -filter !working-tree-encoding !diff !merge !export-subst !export-ignore\n";

    /// <summary>Every file is binary, so that a patch holds its bytes and no text.</summary>
    private const string BinaryAttributes = "* -diff\n";

    /// <summary>Makes a git directory that serves for nothing but patches in which every file is binary.</summary>
    public static void CreateForBinaryPatches(string path, FileSystemTraits traits)
    {
        Create(path, traits, bare: true, head: "none");
        File.WriteAllText(Path.Combine(path, "info", "attributes"), BinaryAttributes);
    }

    /// <summary>Makes a git directory. What is there already is left.</summary>
    /// <param name="path">Where.</param>
    /// <param name="traits">What the file system can do.</param>
    /// <param name="bare">Whether it has no work tree beside it.</param>
    /// <param name="head">The branch that HEAD names.</param>
    /// <param name="origin">The address of the remote without user information; null: none.</param>
    public static void Create(string path, FileSystemTraits traits, bool bare, string head, string? origin = null)
    {
        Directory.CreateDirectory(Path.Combine(path, "objects", "pack"));
        Directory.CreateDirectory(Path.Combine(path, "objects", "info"));
        Directory.CreateDirectory(Path.Combine(path, "refs", "heads"));
        Directory.CreateDirectory(Path.Combine(path, "info"));
        var remote = origin is null
            ? ""
            : $"[remote \"origin\"]\n\turl = {QuoteValue(origin)}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n";
        File.WriteAllText(
            Path.Combine(path, "config"),
            "[core]\n\trepositoryformatversion = 0\n"
            + $"\tfilemode = {Word(traits.KeepsModes)}\n\tsymlinks = {Word(traits.HasSymlinks)}\n\tbare = {Word(bare)}\n"
            + "\tautocrlf = false\n" + remote);
        File.WriteAllText(Path.Combine(path, "info", "attributes"), RawAttributes);
        File.WriteAllText(Path.Combine(path, "HEAD"), $"ref: refs/heads/{head}\n");
    }

    /// <summary>Sets a reference of a directory that nobody else uses yet.</summary>
    public static void SetReference(string path, string reference, string commit)
    {
        var file = Path.Combine(path, reference);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, commit + "\n");
    }

    /// <summary>A reference that git wrote as a file; null where there is none.</summary>
    public static string? ReadReference(string path, string reference)
    {
        var file = Path.Combine(path, reference);
        return File.Exists(file) ? File.ReadAllText(file).Trim() : null;
    }

    /// <summary>The packs of one directory under another name in the other; a pack that is there is left.</summary>
    public static void SharePacks(string from, string to)
    {
        var target = Path.Combine(to, "objects", "pack");
        Directory.CreateDirectory(target);
        // The index comes last: git takes a pack for there only when its index is.
        foreach (var file in Directory.EnumerateFiles(Path.Combine(from, "objects", "pack"), "pack-*").OrderBy(file => file.EndsWith(".idx", StringComparison.Ordinal)))
        {
            var name = Path.Combine(target, Path.GetFileName(file));
            if (!File.Exists(name))
                NativeFile.LinkOrCopy(file, name);
        }
        var shallow = Path.Combine(from, "shallow");
        if (File.Exists(shallow))
            File.Copy(shallow, Path.Combine(to, "shallow"), overwrite: true);
    }

    private static string Word(bool value) => value ? "true" : "false";

    private static string QuoteValue(string text) =>
        '"' + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + '"';
}
