using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Tests.Secrets;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ProtectedSecretStoreTests : IDisposable
{
    private static readonly TaskSecrets Some = new() { GitlabApiToken = "glpat-very-secret", SshPrivateKey = "-----BEGIN\n密钥\n", WebhookSecret = "whsec_x" };

    private readonly string _state = Directory.CreateTempSubdirectory("aicoder-secrets-").FullName;

    private AiCoderOptions Options => new() { WorkspaceDir = _state, StateDir = _state };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public async Task Secrets_come_back_as_they_were_in_another_process()
    {
        using (var store = new ProtectedSecretStore(Options))
            await store.PutAsync("t1", Some, Stop);
        using var other = new ProtectedSecretStore(Options);
        Assert.Equal(Some, await other.GetAsync("t1", Stop));
        Assert.Equal(TaskSecrets.None, await other.GetAsync("t2", Stop));
    }

    [Fact]
    public async Task Nothing_readable_is_on_disk_and_only_the_owner_has_access()
    {
        using var store = new ProtectedSecretStore(Options);
        await store.PutAsync("t1", Some, Stop);
        _ = new SecretFingerprint(Options).Compute("t1", Some);

        foreach (var folder in Directory.GetDirectories(_state))
            Assert.Equal("700", Convert.ToString((int)File.GetUnixFileMode(folder), 8));
        foreach (var file in Directory.GetFiles(_state, "*", SearchOption.AllDirectories))
        {
            Assert.Equal("600", Convert.ToString((int)File.GetUnixFileMode(file), 8));
            Assert.DoesNotContain("very-secret", await File.ReadAllTextAsync(file, Stop), StringComparison.Ordinal);
        }

        Assert.Equal(["fingerprint.key", "key-", "t1.secrets"], Directory.GetFiles(_state, "*", SearchOption.AllDirectories)
            .Select(Path.GetFileName).Select(name => name!.StartsWith("key-", StringComparison.Ordinal) ? "key-" : name).Order());
    }

    [Fact]
    public async Task Deleting_leaves_nothing_and_may_be_done_twice()
    {
        using var store = new ProtectedSecretStore(Options);
        await store.PutAsync("t1", Some, Stop);
        await store.DeleteAsync("t1", Stop);
        await store.DeleteAsync("t1", Stop);
        Assert.Equal(TaskSecrets.None, await store.GetAsync("t1", Stop));
        Assert.Empty(Directory.GetFiles(Path.Combine(_state, "secrets")));
    }

    [Fact]
    public async Task A_task_without_secrets_makes_no_key_ring()
    {
        using var store = new ProtectedSecretStore(Options);
        await store.PutAsync("t1", TaskSecrets.None, Stop);
        await store.GetAsync("t1", Stop);
        await store.DeleteAsync("t1", Stop);
        Assert.Empty(new SecretFingerprint(Options).Compute("t1", TaskSecrets.None));
        Assert.Empty(Directory.GetFileSystemEntries(_state));
    }

    [Fact]
    public async Task Putting_no_secrets_takes_away_the_earlier_ones()
    {
        using var store = new ProtectedSecretStore(Options);
        await store.PutAsync("t1", Some, Stop);
        await store.PutAsync("t1", TaskSecrets.None, Stop);
        Assert.Equal(TaskSecrets.None, await store.GetAsync("t1", Stop));
    }

    [Fact]
    public async Task One_tasks_file_is_of_no_use_under_anothers_name()
    {
        using var store = new ProtectedSecretStore(Options);
        await store.PutAsync("t1", Some, Stop);
        File.Move(Path.Combine(_state, "secrets", "t1.secrets"), Path.Combine(_state, "secrets", "t2.secrets"));
        var failure = (await Assert.ThrowsAsync<FailureException>(() => store.GetAsync("t2", Stop))).Failure;
        Assert.Equal(FailureCodes.Configuration, failure.Code);
    }

    [Fact]
    public async Task A_key_that_another_process_made_later_is_found()
    {
        using var early = new ProtectedSecretStore(Options);
        await early.PutAsync("t0", Some, Stop);
        foreach (var key in Directory.GetFiles(Path.Combine(_state, "keys"), "key-*"))
            File.Delete(key);
        using (var late = new ProtectedSecretStore(Options))
            await late.PutAsync("t1", Some, Stop);
        Assert.Equal(Some, await early.GetAsync("t1", Stop));
    }

    [Fact]
    public async Task A_key_that_a_share_shows_later_than_the_secrets_is_waited_for()
    {
        using (var writer = new ProtectedSecretStore(Options))
            await writer.PutAsync("t1", Some, Stop);
        var keys = Path.Combine(_state, "keys");
        var key = Assert.Single(Directory.GetFiles(keys));
        var hidden = Path.Combine(_state, "hidden");
        File.Move(key, hidden);

        using var reader = new ProtectedSecretStore(Options);
        var reading = reader.GetAsync("t1", Stop);
        // The first try makes a key of its own, in vain.
        while (Directory.GetFiles(keys, "*.xml").Length == 0)
            await Task.Delay(10, Stop);
        File.Move(hidden, key);

        Assert.Equal(Some, await reading);
    }

    [Fact]
    public async Task A_key_that_is_gone_for_good_is_not_waited_for()
    {
        using (var writer = new ProtectedSecretStore(Options))
            await writer.PutAsync("t1", Some, Stop);
        File.Delete(Directory.GetFiles(Path.Combine(_state, "keys"))[0]);
        File.SetLastWriteTimeUtc(Path.Combine(_state, "secrets", "t1.secrets"), DateTime.UtcNow.AddHours(-1));

        using var reader = new ProtectedSecretStore(Options);
        var failure = (await Assert.ThrowsAsync<FailureException>(() => reader.GetAsync("t1", Stop).WaitAsync(TimeSpan.FromSeconds(30), Stop))).Failure;

        Assert.Equal(FailureCodes.Configuration, failure.Code);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/b")]
    [InlineData("")]
    public async Task A_name_that_is_no_task_id_reaches_no_file(string taskId)
    {
        using var store = new ProtectedSecretStore(Options);
        await Assert.ThrowsAsync<ArgumentException>(() => store.GetAsync(taskId, Stop));
    }

    [Fact]
    public void Fingerprints_tell_the_same_secrets_from_others_and_outlive_the_process()
    {
        var first = new SecretFingerprint(Options).Compute("t1", Some);
        var again = new SecretFingerprint(Options).Compute("t1", Some);
        Assert.Empty(SecretFingerprint.Differences(first, again));

        var changed = new SecretFingerprint(Options).Compute("t1", Some with { GitlabApiToken = "other", WebhookSecret = null, ApiKey = "new" });
        Assert.Equal(["api_key", "gitlab_api_token", "webhook_secret"], SecretFingerprint.Differences(first, changed));
        Assert.NotEqual(first["webhook_secret"], new SecretFingerprint(Options).Compute("t2", Some)["webhook_secret"]);
    }
}
