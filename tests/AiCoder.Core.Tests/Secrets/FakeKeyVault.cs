using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tests.Git;
using Azure.Core;
using Azure.Core.Pipeline;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AiCoder.Core.Tests.Secrets;

/// <summary>
/// The two operations of Key Vault's REST API that read a secret and list its versions, over real HTTPS, with its challenge for a token.
/// </summary>
internal sealed class FakeKeyVault : IAsyncDisposable
{
    public const string Name = "ring";
    private const string Token = "the-token-of-a-test";

    private readonly WebApplication _app;
    private readonly X509Certificate2 _server = TestCertificate.ForLoopback();
    private readonly List<(string Version, string Value, bool Enabled)> _versions = [];
    private readonly ConcurrentQueue<string> _asked = new();

    private FakeKeyVault(WebApplication app) => _app = app;

    public Uri Address => new($"{_app.Urls.First()}/secrets/{Name}");

    /// <summary>Paths of the requests that came with a token.</summary>
    public IReadOnlyList<string> Asked => [.. _asked];

    /// <summary>Answered to everything; null: what is there.</summary>
    public int? Status { get; set; }

    public static async Task<FakeKeyVault> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        FakeKeyVault? vault = null;
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(
            System.Net.IPAddress.Loopback, 0, listen => listen.UseHttps(https => https.ServerCertificateSelector = (_, _) => vault!._server)));
        var app = builder.Build();
        vault = new FakeKeyVault(app);
        app.Run(vault.AnswerAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return vault;
    }

    /// <summary>A new version of the certificate, as Key Vault keeps it: PKCS#12 in base64.</summary>
    public X509Certificate2 Rotate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN=ring {_versions.Count}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        Add(Convert.ToBase64String(certificate.Export(X509ContentType.Pkcs12)));
        return certificate;
    }

    public void Add(string value, bool enabled = true) => _versions.Add(($"{_versions.Count + 1:x32}", value, enabled));

    /// <summary>Takes all versions away.</summary>
    public void Clear() => _versions.Clear();

    /// <summary>The vault as the store sees it, but for whom it trusts and how it logs in.</summary>
    public KeyVaultCertificates Connect(Uri address) => new(address, new TestCredential(), options =>
    {
        var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, certificate, _, _) => certificate?.Thumbprint == _server.Thumbprint };
        options.Transport = new HttpClientTransport(new HttpClient(handler));
        options.DisableChallengeResourceVerification = true;
        options.Retry.Delay = TimeSpan.FromMilliseconds(1);
    });

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _server.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Headers.Authorization != $"Bearer {Token}")
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Bearer authorization=\"https://login.example.com/tenant\", resource=\"https://vault.azure.net\"";
            return;
        }

        var path = context.Request.Path.Value!;
        _asked.Enqueue(path);
        if (Status is { } status)
            await WriteAsync(context, status, Error("Refused"));
        else if (path.TrimEnd('/').Split('/') is not ["", "secrets", Name, ..] parts || _versions.Count == 0)
            await WriteAsync(context, 404, Error("SecretNotFound"));
        else if (parts is [_, _, _, "versions"])
            await WriteAsync(context, 200, new() { ["value"] = new JsonArray([.. _versions.Select(version => (JsonNode)Properties(version))]) });
        else if (_versions.LastOrDefault(version => parts.Length == 3 || version.Version == parts[3]) is not { Version: not null } found)
            await WriteAsync(context, 404, Error("SecretNotFound"));
        else
        {
            var secret = Properties(found);
            secret["value"] = found.Value;
            await WriteAsync(context, found.Enabled ? 200 : 403, found.Enabled ? secret : Error("Forbidden"));
        }
    }

    private JsonObject Properties((string Version, string Value, bool Enabled) version) => new()
    {
        ["id"] = $"{Address}/{version.Version}",
        ["contentType"] = "application/x-pkcs12",
        ["attributes"] = new JsonObject { ["enabled"] = version.Enabled, ["created"] = 1_700_000_000 + _versions.IndexOf(version) },
    };

    private static JsonObject Error(string code) => new() { ["error"] = new JsonObject { ["code"] = code, ["message"] = "The vault's own words." } };

    private static Task WriteAsync(HttpContext context, int status, JsonObject body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }

    private sealed class TestCredential : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(Token, DateTimeOffset.Parse("2100-01-01T00:00:00Z", CultureInfo.InvariantCulture));

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));
    }
}
