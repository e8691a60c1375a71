namespace AiCoder.Core.Configuration;

/// <summary>
/// Where the queue is: the Functions host's own setting <c>AzureWebJobsStorage</c>, so that an operator keeps one for both hosts
/// (https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity).
/// </summary>
public sealed record QueueStorageOptions
{
    /// <summary>AzureWebJobsStorage; where set, it stands before the identity's settings. A secret.</summary>
    public string? ConnectionString { get; init; }

    /// <summary>AzureWebJobsStorage__queueServiceUri, or made of AzureWebJobsStorage__accountName.</summary>
    public Uri? QueueServiceUri { get; init; }

    /// <summary>AzureWebJobsStorage__blobServiceUri, or made of AzureWebJobsStorage__accountName.</summary>
    public Uri? BlobServiceUri { get; init; }

    /// <summary>AzureWebJobsStorage__clientId: the user-assigned identity; null: whichever DefaultAzureCredential finds.</summary>
    public string? ClientId { get; init; }

    /// <summary>What of it is secret: the whole connection string, and the key or signature in it.</summary>
    internal IEnumerable<string> Secrets
    {
        get
        {
            if (ConnectionString is null)
                yield break;
            yield return ConnectionString;
            foreach (var (name, value) in Parts(ConnectionString))
            {
                if (name.Equals("AccountKey", StringComparison.OrdinalIgnoreCase) || name.Equals("SharedAccessSignature", StringComparison.OrdinalIgnoreCase))
                    yield return value;
            }
        }
    }

    /// <summary>The settings of a connection string, in order.</summary>
    internal static IEnumerable<(string Name, string Value)> Parts(string connectionString) => connectionString
        .Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(part => part.Split('=', 2))
        .Select(pair => (pair[0].Trim(), pair.Length == 2 ? pair[1].Trim() : ""));

    /// <summary>Prints no secret, whoever logs this.</summary>
    public override string ToString() => $"QueueStorageOptions {{ {(ConnectionString is null ? QueueServiceUri?.Host : "connection string")} }}";
}
