using System.Security.Cryptography;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Validation;

/// <summary>
/// A file that is only to be looked at, alone in a folder of the home that the task's commands have: every sandbox shows that, and
/// nothing in it is the task's work. Gone when disposed of.
/// </summary>
internal sealed class ParsedCopy : IDisposable
{
    private const int NameBytes = 16;

    private readonly string _folder;

    private ParsedCopy(string folder) => _folder = folder;

    /// <summary>The folder's name, directly below the home.</summary>
    public string Name => Path.GetFileName(_folder);

    /// <summary>Writes it. While it is made, nothing of the task may run.</summary>
    /// <param name="home">The home, absolute; made where it is not there.</param>
    /// <param name="fileName">The file's name.</param>
    /// <param name="bytes">What stands in it.</param>
    /// <param name="cancellationToken">Gives up; nothing is left then.</param>
    /// <exception cref="IOException">It can't be written, or the home is a link.</exception>
    public static async Task<ParsedCopy> WriteAsync(string home, string fileName, byte[] bytes, CancellationToken cancellationToken)
    {
        // Where nothing confines commands, one may have put it there to have us write elsewhere.
        if (new DirectoryInfo(home).LinkTarget is not null)
            throw new IOException($"{home} is a symbolic link.");
        // A name that no earlier command could have taken.
        var copy = new ParsedCopy(Path.Combine(home, $".aicoder-syntax-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(NameBytes))}"));
        try
        {
            Directory.CreateDirectory(copy._folder);
            await File.WriteAllBytesAsync(Path.Combine(copy._folder, fileName), bytes, cancellationToken).ConfigureAwait(false);
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    public void Dispose() => FolderRemoval.Remove(_folder);
}
