using System.Security.Cryptography;
using System.Text.Json;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using Microsoft.AspNetCore.DataProtection;

namespace AiCoder.Core.Secrets;

/// <summary>
/// Secrets in one encrypted file a reference under <c>STATE_DIR/secrets</c>, by ASP.NET Data Protection with its key ring under
/// <c>STATE_DIR/keys</c>; both folders are their owner's alone (0700, files 0600), where the file system keeps modes. Several processes
/// may share them, also over a network share.
/// </summary>
/// <remarks>
/// Encryption at rest keeps secrets out of backups and copies of single files; who can read all of STATE_DIR as this user can
/// decrypt them, unless the keys are encrypted with a certificate of a key vault (KEY_VAULT_CERTIFICATE). The key ring is loaded
/// with the first secret: a task without secrets does not pay for it.
/// </remarks>
public sealed class ProtectedSecretStore : ISecretStore, IDisposable
{
    // A task id of 100 characters, and what a host adds to it.
    private const int LongestReference = 150;
    private const string Suffix = ".secrets";
    private const string Purpose = "AiCoder.TaskSecrets.v1";

    // A share may show another machine's new files late: mounts in use keep what they know of a folder for 30 s.
    private static readonly TimeSpan ShareDelay = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    // What Data Protection puts before the key's id.
    private static readonly byte[] Header = [0x09, 0xF0, 0xC9, 0xF0];

    private readonly AiCoderOptions _options;
    private readonly TimeProvider _time;
    private readonly Func<Uri, KeyVaultCertificates>? _vault;
    private readonly string _folder;
    private readonly string _keys;
    private readonly KeyFolder _keyFolder;
    private readonly SemaphoreSlim _gate = new(1);
    private KeyRing? _ring;

    public ProtectedSecretStore(AiCoderOptions options)
        : this(options, TimeProvider.System, vault: null)
    {
    }

    internal ProtectedSecretStore(AiCoderOptions options, TimeProvider time, Func<Uri, KeyVaultCertificates>? vault)
    {
        (_options, _time, _vault) = (options, time, vault);
        _folder = Path.Combine(options.StateDir, "secrets");
        _keys = Path.Combine(options.StateDir, "keys");
        _keyFolder = new KeyFolder(_keys);
    }

    /// <inheritdoc/>
    /// <exception cref="FailureException">The key ring can't be used: its certificate can't be had.</exception>
    public async Task PutAsync(string reference, TaskSecrets secrets, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var path = PathOf(reference);
        if (!secrets.All.Any())
        {
            PrivateFile.Delete(path);
            return;
        }

        var protector = await ProtectorAsync(reference, fresh: false, cancellationToken).ConfigureAwait(false);
        var plain = JsonSerializer.SerializeToUtf8Bytes(secrets, AiCoderJson.Options);
        var sealedBytes = protector.Protect(plain);
        CryptographicOperations.ZeroMemory(plain);
        PrivateFile.CreateFolder(_folder);
        PrivateFile.Write(path, sealedBytes, overwrite: true);
    }

    /// <inheritdoc/>
    /// <exception cref="FailureException">They can't be decrypted, or the key ring's certificate can't be had.</exception>
    public async Task<TaskSecrets> GetAsync(string reference, CancellationToken cancellationToken)
    {
        var path = PathOf(reference);
        if (!File.Exists(path))
            return TaskSecrets.None;

        byte[] sealedBytes;
        try
        {
            sealedBytes = await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (FileNotFoundException)
        {
            return TaskSecrets.None;
        }

        var plain = await UnprotectAsync(reference, path, sealedBytes, cancellationToken).ConfigureAwait(false);
        var secrets = JsonSerializer.Deserialize<TaskSecrets>(plain, AiCoderJson.Options);
        CryptographicOperations.ZeroMemory(plain);
        return secrets ?? TaskSecrets.None;
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string reference, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        PrivateFile.Delete(PathOf(reference));
        return Task.CompletedTask;
    }

    /// <summary>The references of secrets that were put away before a time, for whoever cleans up after a kill.</summary>
    public IReadOnlyList<string> FindOlderThan(DateTimeOffset time) =>
        !Directory.Exists(_folder)
            ? []
            : [.. new DirectoryInfo(_folder).EnumerateFiles("*" + Suffix)
                .Where(file => file.LastWriteTimeUtc < time.UtcDateTime)
                .Select(file => Path.GetFileNameWithoutExtension(file.Name))];

    public void Dispose()
    {
        _ring?.Dispose();
        _gate.Dispose();
    }

    private async Task<byte[]> UnprotectAsync(string reference, string path, byte[] sealedBytes, CancellationToken cancellationToken)
    {
        try
        {
            return (await ProtectorAsync(reference, fresh: false, cancellationToken).ConfigureAwait(false)).Unprotect(sealedBytes);
        }
        catch (CryptographicException)
        {
            // Another process may have made a key, or a certificate another version, since this one read the ring.
        }

        await WaitForKeyAsync(path, sealedBytes, cancellationToken).ConfigureAwait(false);
        try
        {
            return (await ProtectorAsync(reference, fresh: true, cancellationToken).ConfigureAwait(false)).Unprotect(sealedBytes);
        }
        catch (CryptographicException exception)
        {
            var certificate = _options.KeyVaultCertificate is null
                ? "If its keys are encrypted with a certificate, set KEY_VAULT_CERTIFICATE."
                : "The certificate of KEY_VAULT_CERTIFICATE, in one of its versions, must be the one that its keys are encrypted with.";
            throw new FailureException(
                FailureCodes.Configuration,
                $"The secrets under {reference} can't be decrypted: {_keys} is not the key ring they were encrypted with, or can't be read. {certificate} Bring it back, or start the task again under another id.",
                exception);
        }
    }

    /// <summary>Waits for the key of a file that was written just now: on a share, the file may be seen before the key.</summary>
    private async Task WaitForKeyAsync(string path, byte[] sealedBytes, CancellationToken cancellationToken)
    {
        if (!sealedBytes.AsSpan().StartsWith(Header) || sealedBytes.Length < Header.Length + 16)
            return;
        var key = new Guid(sealedBytes.AsSpan(Header.Length, 16));
        var until = File.GetLastWriteTimeUtc(path) + ShareDelay;
        while (!_keyFolder.Has(key) && _time.GetUtcNow().UtcDateTime < until)
            await Task.Delay(LookAgain, _time, cancellationToken).ConfigureAwait(false);
    }

    // The reference is part of the key, so one task's file is of no use under another's name.
    private async Task<IDataProtector> ProtectorAsync(string reference, bool fresh, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (fresh)
            {
                _ring?.Dispose();
                _ring = null;
            }

            _ring ??= await KeyRing.LoadAsync(_options, _keyFolder, _vault, cancellationToken).ConfigureAwait(false);
            return _ring.CreateProtector(Purpose, reference);
        }
        finally
        {
            _gate.Release();
        }
    }

    private string PathOf(string reference) =>
        reference.Length is > 0 and <= LongestReference && reference.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '-')
            ? Path.Combine(_folder, reference + Suffix)
            : throw new ArgumentException($"'{reference}' is no reference to secrets.", nameof(reference));
}
