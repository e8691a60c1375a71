using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace AiCoder.Server.Queue;

/// <summary>
/// Who has a task, among servers whose journals know nothing of each other: an empty blob a task id, which is made once, and whose
/// metadata names the journal (docs/decisions/0012-queue-claims.md). Members throw what the storage's clients throw.
/// </summary>
internal sealed class TaskClaims(BlobContainerClient container, string journal, TimeProvider time)
{
    // Claims of servers that are gone for good and will not remove them. Longer than any task waits for anybody.
    private static readonly TimeSpan Abandoned = TimeSpan.FromDays(90);

    private const int MostAttempts = 10;

    private const string Journal = "journal";
    private const string Server = "server";
    private const string Request = "request";
    private const string Spec = "spec";
    private const string Secrets = "secrets";

    // An empty value is no header.
    private const string None = "none";

    /// <summary>Claims a task for this journal, or says whose it is. Asked again, also after a crash, it answers the same.</summary>
    public async Task<ClaimOutcome> ClaimAsync(AcceptedTask task, CancellationToken cancellationToken)
    {
        var blob = container.GetBlobClient(task.Spec.TaskId);
        var mine = Describe(ClaimIdentity.Of(task));
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            if (await WriteAsync(blob, mine, new() { IfNoneMatch = ETag.All }, cancellationToken))
                return ClaimOutcome.Mine;
            if (await ReadAsync(blob, cancellationToken) is not { } claim)
                continue;
            if (ValueOf(claim, Journal) != journal)
                return IdentityOf(claim).Is(task) ? ClaimOutcome.SameElsewhere : ClaimOutcome.OtherElsewhere;
            // Ours from a try whose answer was lost, or of a task that was deleted since. Written again, because what removes the claims
            // of deleted tasks may have seen it as it was.
            if (await WriteAsync(blob, mine, new() { IfMatch = claim.ETag }, cancellationToken))
                return ClaimOutcome.Mine;
        }

        throw new FailureException(
            FailureCodes.StorageUnavailable,
            $"The claim of task {task.Spec.TaskId} in the container {container.Name} could not be made: something else holds or changes it. Nothing but AiCoder may use that container.");
    }

    /// <summary>Removes the claim of a task of this journal's. Does nothing where it has none.</summary>
    public async Task RemoveAsync(string taskId, CancellationToken cancellationToken)
    {
        var blob = container.GetBlobClient(taskId);
        if (await ReadAsync(blob, cancellationToken) is { } claim && ValueOf(claim, Journal) == journal)
            await DeleteAsync(blob, claim.ETag, cancellationToken);
    }

    /// <summary>Removes the claims that nobody needs any more. Returns how many.</summary>
    /// <param name="keep">How long the claim of an ended task is kept.</param>
    /// <param name="findAsync">Finds a task in this journal.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<int> SweepAsync(TimeSpan keep, Func<string, CancellationToken, Task<TaskRecord?>> findAsync, CancellationToken cancellationToken)
    {
        var count = 0;
        var now = time.GetUtcNow();
        try
        {
            await foreach (var blob in container.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, null, cancellationToken))
            {
                var isOver = blob.Metadata.TryGetValue(Journal, out var owner) && owner == journal
                    // The journal has a task before its claim is made.
                    ? await findAsync(blob.Name, cancellationToken) is not { } task || task.EndedAt + keep < now
                    : blob.Properties.LastModified + keep + Abandoned < now;
                if (isOver && await DeleteAsync(container.GetBlobClient(blob.Name), blob.Properties.ETag!.Value, cancellationToken))
                    count++;
            }
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == BlobErrorCode.ContainerNotFound)
        {
            // Nobody has claimed anything yet.
        }

        return count;
    }

    private Dictionary<string, string> Describe(ClaimIdentity identity) => new()
    {
        [Journal] = journal,
        // For people; headers take ASCII only.
        [Server] = Uri.EscapeDataString(Environment.MachineName),
        [Request] = identity.Request,
        [Spec] = identity.Spec,
        [Secrets] = identity.Secrets.Length == 0 ? None : identity.Secrets,
    };

    private static ClaimIdentity IdentityOf(BlobProperties claim)
    {
        var secrets = ValueOf(claim, Secrets);
        return new(ValueOf(claim, Request), ValueOf(claim, Spec), secrets == None ? "" : secrets);
    }

    private static string ValueOf(BlobProperties claim, string name) => claim.Metadata.TryGetValue(name, out var value) ? value : "";

    /// <summary>False where the condition does not hold.</summary>
    private async Task<bool> WriteAsync(BlobClient blob, Dictionary<string, string> metadata, BlobRequestConditions conditions, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await blob.UploadAsync(BinaryData.Empty, new BlobUploadOptions { Metadata = metadata, Conditions = conditions }, cancellationToken);
                return true;
            }
            catch (RequestFailedException exception) when (exception.ErrorCode == BlobErrorCode.ContainerNotFound)
            {
                await container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
            }
            catch (RequestFailedException exception)
                when (exception.Status == 404 || exception.ErrorCode == BlobErrorCode.BlobAlreadyExists || exception.ErrorCode == BlobErrorCode.ConditionNotMet)
            {
                return false;
            }
        }
    }

    private static async Task<BlobProperties?> ReadAsync(BlobClient blob, CancellationToken cancellationToken)
    {
        try
        {
            return await blob.GetPropertiesAsync(cancellationToken: cancellationToken);
        }
        catch (RequestFailedException exception) when (exception.Status == 404)
        {
            return null;
        }
    }

    private static async Task<bool> DeleteAsync(BlobClient blob, ETag claim, CancellationToken cancellationToken)
    {
        try
        {
            await blob.DeleteAsync(conditions: new() { IfMatch = claim }, cancellationToken: cancellationToken);
            return true;
        }
        catch (RequestFailedException exception) when (exception.Status is 404 or 412)
        {
            return false;
        }
    }
}
