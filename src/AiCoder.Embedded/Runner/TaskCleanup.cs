using AiCoder.Core.Failures;
using AiCoder.Embedded.Journal;
using Microsoft.Extensions.Logging;

namespace AiCoder.Embedded.Runner;

/// <summary>Takes away what a task that has ended leaves: its secrets and work tree at once, its workspace after RETENTION_DAYS.</summary>
internal sealed class TaskCleanup(EmbeddedHostSetup setup, TaskJournal journal, ILogger logger)
{
    /// <summary>A task has ended. Never fails: what could not be taken away is logged, and taken away by a later sweep.</summary>
    public async Task EndedAsync(TaskRow row)
    {
        await DeleteSecretsAsync(row).ConfigureAwait(false);
        try
        {
            await setup.ReleaseWorkspaceAsync(row.Id, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is FailureException or IOException or UnauthorizedAccessException)
        {
            logger.LogWarning("The work tree of task {TaskId} could not be given up: {Message}", row.Id, exception.Message);
        }
    }

    /// <summary>Removes old workspaces, and secrets that a kill left behind. Returns how many workspaces were removed.</summary>
    public async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        await SweepSecretsAsync(cancellationToken).ConfigureAwait(false);
        var before = setup.Time.GetUtcNow().AddDays(-setup.Options.RetentionDays).ToUnixTimeMilliseconds();
        var old = await journal.ReadAsync(connection => TaskTable.WithOldWorkspace(connection, before), cancellationToken).ConfigureAwait(false);
        foreach (var row in old)
        {
            await setup.RemoveWorkspaceAsync(row.Id, cancellationToken).ConfigureAwait(false);
            await journal.WriteAsync(
                connection =>
                {
                    TaskTable.WorkspaceRemoved(connection, row.Number);
                    return true;
                },
                cancellationToken).ConfigureAwait(false);
        }

        return old.Count;
    }

    /// <summary>Deletes the secrets of ended tasks that a kill left behind.</summary>
    public async Task SweepSecretsAsync(CancellationToken cancellationToken)
    {
        foreach (var row in await journal.ReadAsync(TaskTable.EndedWithSecrets, cancellationToken).ConfigureAwait(false))
            await DeleteSecretsAsync(row).ConfigureAwait(false);
    }

    private async Task DeleteSecretsAsync(TaskRow row)
    {
        if (!row.HasSecrets)
            return;
        try
        {
            await setup.Secrets.DeleteAsync(row.Id, CancellationToken.None).ConfigureAwait(false);
            await journal.WriteAsync(connection =>
            {
                TaskTable.SecretsDeleted(connection, row.Number);
                return true;
            }).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is FailureException or IOException or UnauthorizedAccessException)
        {
            // The task has ended all the same; the journal remembers, and the next sweep tries again.
            logger.LogWarning("The secrets of task {TaskId} could not be deleted yet: {Message}", row.Id, exception.Message);
        }
    }
}
