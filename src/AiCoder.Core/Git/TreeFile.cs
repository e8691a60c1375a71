namespace AiCoder.Core.Git;

/// <summary>What an entry of a tree is.</summary>
public enum TreeFileKind
{
    File,
    Executable,
    SymbolicLink,

    /// <summary>A link to a commit of another repository, whose content is not here.</summary>
    Submodule,
}

/// <summary>A file in a snapshot.</summary>
/// <param name="Path">Relative, with forward slashes.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Id">The blob's id; equal content has equal ids.</param>
public sealed record TreeFile(string Path, TreeFileKind Kind, long Size, string Id);

/// <summary>The content of a file in a snapshot.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Size">Bytes in all.</param>
/// <param name="Content">Its beginning, as far as was asked for.</param>
public sealed record TreeContent(TreeFileKind Kind, long Size, ReadOnlyMemory<byte> Content);
