using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Xml.Linq;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Tests.Secrets;

/// <summary>The key ring encrypted with a certificate of a key vault.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class KeyVaultTests : IDisposable
{
    private static readonly TaskSecrets Some = new() { GitlabApiToken = "glpat-very-secret" };

    private readonly string _state = Directory.CreateTempSubdirectory("aicoder-vault-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Keys => Path.Combine(_state, "keys");

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public async Task The_keys_on_disk_hold_nothing_plain_and_another_process_reads_the_secrets()
    {
        await using var vault = await FakeKeyVault.StartAsync();
        using var certificate = vault.Rotate();
        using (var store = Store(vault))
            await store.PutAsync("t1", Some, Stop);

        var file = Assert.Single(Directory.GetFiles(Keys));
        var key = XElement.Load(file);
        var elements = key.Descendants().Select(element => element.Name.LocalName).ToList();
        Assert.DoesNotContain("masterKey", elements);
        Assert.DoesNotContain("value", elements);
        Assert.Single(elements, "encryptedSecret");
        using var other = Store(vault);
        Assert.Equal(Some, await other.GetAsync("t1", Stop));
        // The current version only: nothing here is encrypted with an older one.
        Assert.All(vault.Asked, path => Assert.Equal($"/secrets/{FakeKeyVault.Name}", path.TrimEnd('/')));
    }

    [Fact]
    public async Task Who_has_the_folder_but_not_the_certificate_reads_nothing()
    {
        await using var vault = await FakeKeyVault.StartAsync();
        using var certificate = vault.Rotate();
        using (var store = Store(vault))
            await store.PutAsync("t1", Some, Stop);

        using var thief = new ProtectedSecretStore(Options(null));
        var without = (await Assert.ThrowsAsync<FailureException>(() => thief.GetAsync("t1", Stop))).Failure;
        vault.Clear();
        using var stranger = vault.Rotate();
        using var wrong = Store(vault);
        var other = (await Assert.ThrowsAsync<FailureException>(() => wrong.GetAsync("t1", Stop))).Failure;

        Assert.Equal((FailureCodes.Configuration, FailureCodes.Configuration), (without.Code, other.Code));
        Assert.Contains("set KEY_VAULT_CERTIFICATE", without.Message, StringComparison.Ordinal);
        Assert.Contains("in one of its versions", other.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_the_certificate_was_rotated_older_secrets_are_read_by_its_older_version()
    {
        await using var vault = await FakeKeyVault.StartAsync();
        using var first = vault.Rotate();
        using (var store = Store(vault))
            await store.PutAsync("t1", Some, Stop);
        vault.Add("disabled", enabled: false);
        vault.Add("no certificate");
        using var second = vault.Rotate();

        using var later = Store(vault);
        Assert.Equal(Some, await later.GetAsync("t1", Stop));
        Assert.Contains(vault.Asked, path => path.EndsWith("/versions", StringComparison.Ordinal));

        // A ring without its keys begins anew, with the new version.
        foreach (var key in Directory.GetFiles(Keys))
            File.Delete(key);
        using var anew = Store(vault);
        await anew.PutAsync("t2", Some, Stop);
        var used = XElement.Load(Directory.GetFiles(Keys)[0]).Descendants().Single(element => element.Name.LocalName == "X509Certificate").Value;
        Assert.Equal(second.Thumbprint, KeyVaultCertificates.ThumbprintOf(Convert.FromBase64String(used)));
    }

    [Fact]
    public async Task A_store_that_is_open_reads_what_another_wrote_with_a_newer_version()
    {
        await using var vault = await FakeKeyVault.StartAsync();
        using var first = vault.Rotate();
        using var early = Store(vault);
        await early.PutAsync("t0", Some, Stop);
        foreach (var key in Directory.GetFiles(Keys))
            File.Delete(key);
        using var second = vault.Rotate();
        using (var late = Store(vault))
            await late.PutAsync("t1", Some, Stop);

        Assert.Equal(Some, await early.GetAsync("t1", Stop));
    }

    [Fact]
    public async Task A_ring_from_before_the_certificate_stays_readable_and_is_used_for_nothing_new()
    {
        using (var store = new ProtectedSecretStore(Options(null)))
            await store.PutAsync("old", Some, Stop);
        var plain = Assert.Single(Directory.GetFiles(Keys));
        await using var vault = await FakeKeyVault.StartAsync();
        using var certificate = vault.Rotate();
        using (var store = Store(vault))
        {
            Assert.Equal(Some, await store.GetAsync("old", Stop));
            await store.PutAsync("new", Some with { ApiKey = "another" }, Stop);
        }

        // Without the plain key the old secret is lost and the new one is not.
        File.Delete(plain);
        File.SetLastWriteTimeUtc(Path.Combine(_state, "secrets", "old.secrets"), DateTime.UtcNow.AddHours(-1));
        using var later = Store(vault);
        Assert.Equal(Some with { ApiKey = "another" }, await later.GetAsync("new", Stop));
        await Assert.ThrowsAsync<FailureException>(() => later.GetAsync("old", Stop));
        Assert.Single(Directory.GetFiles(Keys));
    }

    [Fact]
    public async Task A_certificate_in_PEM_and_one_named_by_its_version_are_taken_too()
    {
        await using var vault = await FakeKeyVault.StartAsync();
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=pem", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var pem = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        vault.Add(key.ExportPkcs8PrivateKeyPem() + "\n" + pem.ExportCertificatePem());
        using var newer = vault.Rotate();

        using (var store = Store(vault, new Uri($"{vault.Address}/{1:x32}")))
            await store.PutAsync("t1", Some, Stop);

        Assert.Contains(pem.Thumbprint, new KeyFolder(Keys).Thumbprints());
    }

    [Theory]
    [InlineData(404, FailureCodes.Configuration, "There is no 'ring'")]
    [InlineData(403, FailureCodes.Forbidden, "Key Vault Secrets User")]
    [InlineData(429, FailureCodes.RateLimited, "429")]
    [InlineData(503, FailureCodes.ServerError, "503")]
    public async Task What_the_vault_refuses_is_said_in_our_words(int status, string code, string words)
    {
        await using var vault = await FakeKeyVault.StartAsync();
        vault.Status = status;
        using var store = Store(vault);

        var failure = (await Assert.ThrowsAsync<FailureException>(() => store.PutAsync("t1", Some, Stop))).Failure;

        Assert.Equal(code, failure.Code);
        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("own words", failure.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_state, "secrets")));
    }

    [Fact]
    public async Task A_certificate_without_its_private_key_is_refused()
    {
        await using var vault = await FakeKeyVault.StartAsync();
        using var certificate = vault.Rotate();
        vault.Add(Convert.ToBase64String(certificate.Export(X509ContentType.Cert)));
        using var store = Store(vault);

        var failure = (await Assert.ThrowsAsync<FailureException>(() => store.PutAsync("t1", Some, Stop))).Failure;

        Assert.Equal(FailureCodes.Configuration, failure.Code);
        Assert.Contains("exportable", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_vault_that_is_not_there_is_a_failure_of_the_network()
    {
        await using var vault = await FakeKeyVault.StartAsync();
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        using var store = Store(vault, new Uri($"https://127.0.0.1:{port}/secrets/ring"));

        var failure = (await Assert.ThrowsAsync<FailureException>(() => store.PutAsync("t1", Some, Stop))).Failure;

        Assert.Equal((FailureCodes.Refused, true), (failure.Code, failure.Retryable));
        Assert.Contains("can't be reached", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_without_secrets_asks_no_vault()
    {
        await using var vault = await FakeKeyVault.StartAsync();
        using var store = Store(vault);

        await store.PutAsync("t1", TaskSecrets.None, Stop);

        Assert.Equal(TaskSecrets.None, await store.GetAsync("t1", Stop));
        Assert.Empty(vault.Asked);
    }

    private AiCoderOptions Options(Uri? certificate) => new() { WorkspaceDir = _state, StateDir = _state, KeyVaultCertificate = certificate };

    private ProtectedSecretStore Store(FakeKeyVault vault, Uri? address = null) => new(Options(address ?? vault.Address), TimeProvider.System, vault.Connect);
}
