namespace AiCoder.Core.Workspaces;

/// <summary>Files that are there whole or not at all, also after the power went.</summary>
internal static class DurableFile
{
    /// <summary>Writes beside the file, flushes to the disk, and takes the file's name.</summary>
    public static async Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var beside = $"{path}.{Guid.NewGuid():n}.tmp";
        try
        {
            var file = new FileStream(beside, FileMode.CreateNew, FileAccess.Write);
            await using (file.ConfigureAwait(false))
            {
                await file.WriteAsync(content, cancellationToken).ConfigureAwait(false);
                file.Flush(flushToDisk: true);
            }
            File.Move(beside, path, overwrite: true);
        }
        finally
        {
            File.Delete(beside);
        }
    }
}
