using System.IO.Compression;
using System.Text;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;

namespace AiCoder.Functions.Tests.Hosting;

/// <summary>Looks through everything that a storage account holds: tables, queues, blobs, the compressed ones unpacked.</summary>
internal static class HubSearch
{
    /// <summary>Where any of the texts stands, in UTF-8, UTF-16 or base64.</summary>
    public static async Task<IReadOnlyList<string>> FindAsync(string account, IReadOnlyList<string> texts, CancellationToken stop)
    {
        var found = new List<string>();
        await foreach (var table in new TableServiceClient(account).QueryAsync(cancellationToken: stop))
        {
            await foreach (var entity in new TableClient(account, table.Name).QueryAsync<TableEntity>(cancellationToken: stop))
            {
                foreach (var (name, value) in entity)
                    Look($"{table.Name}/{entity.PartitionKey}/{entity.RowKey}/{name}", value as byte[] ?? Encoding.UTF8.GetBytes(value?.ToString() ?? ""));
            }
        }

        await foreach (var queue in new QueueServiceClient(account).GetQueuesAsync(cancellationToken: stop))
        {
            foreach (var message in (await new QueueClient(account, queue.Name).PeekMessagesAsync(32, stop)).Value)
                Look($"{queue.Name}/{message.MessageId}", message.Body.ToArray());
        }

        var blobs = new BlobServiceClient(account);
        await foreach (var container in blobs.GetBlobContainersAsync(cancellationToken: stop))
        {
            var client = blobs.GetBlobContainerClient(container.Name);
            await foreach (var blob in client.GetBlobsAsync(cancellationToken: stop))
            {
                var content = (await client.GetBlobClient(blob.Name).DownloadContentAsync(stop)).Value.Content.ToArray();
                Look($"{container.Name}/{blob.Name}", content);
                if (content is [0x1f, 0x8b, ..])
                    Look($"{container.Name}/{blob.Name} unpacked", Unpack(content));
            }
        }

        return found;

        void Look(string where, byte[] content)
        {
            foreach (var text in texts)
            {
                if (Forms(text).Any(form => content.AsSpan().IndexOf(form) >= 0))
                    found.Add($"{where}: {text}");
            }
        }
    }

    private static IEnumerable<byte[]> Forms(string text)
    {
        yield return Encoding.UTF8.GetBytes(text);
        yield return Encoding.Unicode.GetBytes(text);
        // Base64 of a text in which it stands anywhere: by each of the three ways it can fall onto groups of three bytes.
        for (var shift = 0; shift < 3; shift++)
        {
            var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(new string(' ', shift) + text));
            yield return Encoding.ASCII.GetBytes(encoded[4..^4]);
        }
    }

    private static byte[] Unpack(byte[] content)
    {
        using var unpacked = new MemoryStream();
        using var gzip = new GZipStream(new MemoryStream(content), CompressionMode.Decompress);
        gzip.CopyTo(unpacked);
        return unpacked.ToArray();
    }
}
