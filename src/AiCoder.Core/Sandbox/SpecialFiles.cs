using AiCoder.Core.Processes;

namespace AiCoder.Core.Sandbox;

/// <summary>
/// Named pipes, sockets and devices that a command left in the work tree. No tree can hold them, and whoever opens a pipe that
/// nobody writes to (git, for a <c>.gitignore</c>) waits without end; so they go when the command has ended.
/// </summary>
internal static class SpecialFiles
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    // findutils (essential on Debian) or busybox.
    private static readonly string? Find = new[] { "/usr/bin/find", "/bin/find" }.FirstOrDefault(File.Exists);

    /// <summary>Removes them. Also after a cancel: what follows it looks at the work tree too.</summary>
    public static async Task RemoveAsync(ProcessRunner runner, SandboxCommand command)
    {
        // To go through a large tree takes long on a share.
        if (Find is null || command.WritesNothing || !Directory.Exists(command.WorkTree))
            return;
        // Folders that can't be entered are passed over: we could not open anything in them either.
        await runner.RunAsync(
            new()
            {
                FileName = Find,
                Arguments = [command.WorkTree, "-xdev", "!", "-type", "f", "!", "-type", "d", "!", "-type", "l", "-delete"],
                Environment = new Dictionary<string, string>(),
                Timeout = Bound,
            },
            CancellationToken.None).ConfigureAwait(false);
    }
}
