using AiCoder.Core.Tools;
using LibGit2Sharp;

namespace AiCoder.Core.Agent.Context;

/// <summary>The text of a file of a commit, as the tools would show it.</summary>
internal static class BlobText
{
    private const int LargestFile = 1_000_000;

    /// <summary>Its text, trimmed; null: it is empty, too large, or no text.</summary>
    public static string? Read(Blob blob)
    {
        if (blob.Size is not (> 0 and < LargestFile))
            return null;
        using var stream = blob.GetContentStream();
        var bytes = new byte[blob.Size];
        stream.ReadExactly(bytes);
        return TextFile.TryDecode(bytes)?.Text.Trim() is { Length: > 0 } text ? text : null;
    }
}
