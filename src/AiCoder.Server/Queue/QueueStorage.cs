using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;

namespace AiCoder.Server.Queue;

/// <summary>The queues and the container of one storage account. Nothing is connected or made before its first use.</summary>
public sealed class QueueStorage
{
    // A request that the storage does not answer in time is tried again by the SDK, and then by whoever polls.
    private static readonly TimeSpan NetworkTimeout = TimeSpan.FromSeconds(15);
    private const int Retries = 2;

    private QueueStorage(QueueServiceClient queues, BlobServiceClient blobs)
    {
        Tasks = queues.GetQueueClient(QueueNames.Tasks);
        Poison = queues.GetQueueClient(QueueNames.Poison);
        Claims = blobs.GetBlobContainerClient(QueueNames.Claims);
    }

    /// <summary>Where task requests come from.</summary>
    public QueueClient Tasks { get; }

    /// <summary>Where those go that can't be taken.</summary>
    public QueueClient Poison { get; }

    /// <summary>Where servers agree on who has a task.</summary>
    public BlobContainerClient Claims { get; }

    /// <summary>The clients, by connection string or by identity.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>: what to set.</exception>
    public static QueueStorage Open(AiCoderOptions options) => Open(options, null, null);

    /// <summary>The same with a credential and a transport of a test's own.</summary>
    internal static QueueStorage Open(AiCoderOptions options, TokenCredential? credential, HttpPipelineTransport? transport)
    {
        ArgumentNullException.ThrowIfNull(options);
        var storage = options.QueueStorage;
        // Texts are taken and passed on as they stand in the queue; what they are encoded in is ours to find out.
        var queueOptions = Bounded(new QueueClientOptions { MessageEncoding = QueueMessageEncoding.None }, transport);
        var blobOptions = Bounded(new BlobClientOptions(), transport);
        switch (storage)
        {
            case { ConnectionString: { } connectionString }:
                try
                {
                    return new(new(connectionString, queueOptions), new(connectionString, blobOptions));
                }
                catch (Exception exception) when (exception is FormatException or ArgumentException or InvalidOperationException)
                {
                    // Without the exception: its message may quote the string.
                    throw new FailureException(
                        FailureCodes.Configuration, "AzureWebJobsStorage is no connection string of a storage account with a queue and a blob service; copy it from the account's access keys.");
                }

            case { QueueServiceUri: { } queue, BlobServiceUri: { } blob }:
                if (credential is null && (queue.Scheme != Uri.UriSchemeHttps || blob.Scheme != Uri.UriSchemeHttps))
                    throw new FailureException(FailureCodes.Configuration, "AzureWebJobsStorage__queueServiceUri and AzureWebJobsStorage__blobServiceUri must begin with https: an identity's token is sent there.");
                credential ??= Credential(storage.ClientId);
                return new(new(queue, credential, queueOptions), new(blob, credential, blobOptions));

            default:
                throw new FailureException(
                    FailureCodes.Configuration,
                    "--queue needs a storage account: set AzureWebJobsStorage to its connection string; or, to use an identity, AzureWebJobsStorage__accountName "
                    + "(or both AzureWebJobsStorage__queueServiceUri and AzureWebJobsStorage__blobServiceUri, and AzureWebJobsStorage__clientId for a user-assigned identity).");
        }
    }

    private static DefaultAzureCredential Credential(string? clientId)
    {
        var options = new DefaultAzureCredentialOptions();
        if (clientId is not null)
            (options.ManagedIdentityClientId, options.WorkloadIdentityClientId) = (clientId, clientId);
        return new(options);
    }

    private static T Bounded<T>(T options, HttpPipelineTransport? transport)
        where T : ClientOptions
    {
        options.Retry.MaxRetries = Retries;
        options.Retry.NetworkTimeout = NetworkTimeout;
        options.Retry.Delay = TimeSpan.FromMilliseconds(200);
        options.Retry.MaxDelay = TimeSpan.FromSeconds(2);
        if (transport is not null)
            options.Transport = transport;
        return options;
    }
}
