using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Server.Queue;
using AiCoder.Testing;
using Azure.Core;
using Azure.Core.Pipeline;

namespace AiCoder.Server.Tests.Queue;

public sealed class QueueStorageTests
{
    [Fact]
    public async Task By_identity_messages_are_taken_over_https_with_the_identitys_token()
    {
        Assert.SkipWhen(Azurite.Program is null, Azurite.Missing);
        using var folder = new TemporaryFolder();
        using var certificate = Certificate();
        await File.WriteAllTextAsync(folder["cert.pem"], certificate.ExportCertificatePem(), QueueWorld.Cancellation);
        await File.WriteAllTextAsync(folder["key.pem"], certificate.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem(), QueueWorld.Cancellation);
        await using var azurite = await Azurite.StartAsync(["--cert", folder["cert.pem"], "--key", folder["key.pem"], "--oauth", "basic"], QueueWorld.Cancellation);
        var account = azurite.NewAccountName();
        var options = new AiCoderOptions
        {
            WorkspaceDir = folder.Root,
            StateDir = folder["state"],
            ApiKey = "sk-of-the-operator",
            QueueStorage = new()
            {
                QueueServiceUri = new Uri($"https://127.0.0.1:{azurite.QueuePort}/{account}"),
                BlobServiceUri = new Uri($"https://127.0.0.1:{azurite.BlobPort}/{account}"),
            },
        };
        using var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == certificate.GetCertHashString(),
            },
        };
        using var transport = new HttpClientTransport(new HttpClient(handler));
        var identity = new Identity();
        var storage = QueueStorage.Open(options, identity, transport);
        var ran = new ConcurrentQueue<string>();
        await using var server = new QueueServer("one", options, (taskId, _) =>
        {
            ran.Enqueue(taskId);
            return Task.CompletedTask;
        });

        await server.ReadQueueAsync(storage);
        await QueueWorld.IsTrueAsync(async () => await storage.Tasks.ExistsAsync(QueueWorld.Cancellation), "the server has made the queue");
        await storage.Tasks.SendMessageAsync(QueueWorld.Request("t"), QueueWorld.Cancellation);
        await storage.Tasks.SendMessageAsync("no request", QueueWorld.Cancellation);
        await QueueWorld.IsTrueAsync(async () => await QueueWorld.CountAsync(storage.Tasks) == 0, "the queue is empty");
        await QueueWorld.IsTrueAsync(() => ran.Count == 1, "the task ran");

        Assert.Equal("no request", (await storage.Poison.PeekMessageAsync(QueueWorld.Cancellation)).Value.MessageText);
        Assert.True(await storage.Claims.GetBlobClient("t").ExistsAsync(QueueWorld.Cancellation));
        Assert.All(identity.Scopes, scope => Assert.Equal("https://storage.azure.com/.default", scope));
    }

    [Fact]
    public void An_accounts_name_alone_leads_to_its_queues_and_blobs()
    {
        var storage = QueueStorage.Open(Options(new() { ["AzureWebJobsStorage__accountName"] = "shopstorage1", ["AzureWebJobsStorage__clientId"] = "client-1" }));
        Assert.Equal("https://shopstorage1.queue.core.windows.net/aicoder-tasks", storage.Tasks.Uri.AbsoluteUri);
        Assert.Equal("https://shopstorage1.queue.core.windows.net/aicoder-tasks-poison", storage.Poison.Uri.AbsoluteUri);
        Assert.Equal("https://shopstorage1.blob.core.windows.net/aicoder-claims", storage.Claims.Uri.AbsoluteUri);
    }

    [Theory]
    [InlineData("AzureWebJobsStorage__queueServiceUri", "https://s.queue.core.windows.net", "AzureWebJobsStorage__blobServiceUri")]
    [InlineData("AzureWebJobsStorage", "Hello=topsecret", "AzureWebJobsStorage is no connection string")]
    public void What_is_missing_or_wrong_is_named_without_its_secret(string variable, string value, string named)
    {
        var failure = Assert.Throws<FailureException>(() => QueueStorage.Open(Options(new() { [variable] = value }))).Failure;
        Assert.Equal(FailureCodes.Configuration, failure.Code);
        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("topsecret", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_identitys_token_is_sent_over_https_only()
    {
        var failure = Assert.Throws<FailureException>(() => QueueStorage.Open(Options(new()
        {
            ["AzureWebJobsStorage__queueServiceUri"] = "http://s.example.com",
            ["AzureWebJobsStorage__blobServiceUri"] = "https://s.example.com",
        }))).Failure;
        Assert.Contains("must begin with https", failure.Message, StringComparison.Ordinal);
    }

    private static AiCoderOptions Options(Dictionary<string, string> variables)
    {
        variables["HOME"] = "/home/someone";
        return EnvironmentReader.Read(variables.GetValueOrDefault, callerIsOperator: false);
    }

    private static X509Certificate2 Certificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
    }

    /// <summary>Stands in for Entra ID. Azurite looks at everything in a token but its signature.</summary>
    private sealed class Identity : TokenCredential
    {
        public ConcurrentQueue<string> Scopes { get; } = [];

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            foreach (var scope in requestContext.Scopes)
                Scopes.Enqueue(scope);
            var (from, until) = (DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddHours(1));
            var claims = $$"""
                {"aud":"https://storage.azure.com","iss":"https://sts.windows.net/00000000-0000-0000-0000-000000000000/",
                "iat":{{from.ToUnixTimeSeconds()}},"nbf":{{from.ToUnixTimeSeconds()}},"exp":{{until.ToUnixTimeSeconds()}} }
                """;
            return new($"{Part("""{"alg":"HS256","typ":"JWT"}""")}.{Part(claims)}.{Part("signature")}", until);
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));

        private static string Part(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
    }
}
