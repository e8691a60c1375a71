using System.Security.Cryptography;
using System.Text.Json;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace AiCoder.Core.Secrets;

/// <summary>
/// Secrets in one encrypted file a reference under <c>STATE_DIR/secrets</c>, by ASP.NET Data Protection with its key ring under
/// <c>STATE_DIR/keys</c>; both folders are their owner's alone (0700, files 0600).
/// </summary>
/// <remarks>
/// Encryption at rest keeps secrets out of backups and copies of single files; who can read all of STATE_DIR as this user can
/// decrypt them. The key ring is loaded with the first secret: a task without secrets does not pay for it.
/// </remarks>
public sealed class ProtectedSecretStore : ISecretStore, IDisposable
{
    // A task id of 100 characters, and what a host adds to it.
    private const int LongestReference = 150;
    private const string Suffix = ".secrets";
    private const string Purpose = "AiCoder.TaskSecrets.v1";

    private readonly string _folder;
    private readonly string _keys;
    private readonly Lock _gate = new();
    private ServiceProvider? _services;

    public ProtectedSecretStore(AiCoderOptions options)
    {
        _folder = Path.Combine(options.StateDir, "secrets");
        _keys = Path.Combine(options.StateDir, "keys");
    }

    /// <summary>Whether the key ring was needed so far.</summary>
    internal bool IsKeyRingLoaded => _services is not null;

    /// <inheritdoc/>
    public Task PutAsync(string reference, TaskSecrets secrets, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!secrets.All.Any())
            return DeleteAsync(reference, cancellationToken);

        var path = PathOf(reference);
        var plain = JsonSerializer.SerializeToUtf8Bytes(secrets, AiCoderJson.Options);
        var sealedBytes = Protector(reference, fresh: false).Protect(plain);
        CryptographicOperations.ZeroMemory(plain);
        PrivateFile.CreateFolder(_folder);
        PrivateFile.Write(path, sealedBytes, overwrite: true);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
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

        var plain = Unprotect(reference, sealedBytes);
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

    public void Dispose() => _services?.Dispose();

    private byte[] Unprotect(string reference, byte[] sealedBytes)
    {
        try
        {
            return Protector(reference, fresh: false).Unprotect(sealedBytes);
        }
        catch (CryptographicException)
        {
            // Another process may have made a key since this one read the ring.
        }

        try
        {
            return Protector(reference, fresh: true).Unprotect(sealedBytes);
        }
        catch (CryptographicException exception)
        {
            throw new FailureException(
                FailureCodes.Configuration,
                $"The secrets under {reference} can't be decrypted: {_keys} is not the key ring they were encrypted with. Bring it back, or start the task again under another id.",
                exception);
        }
    }

    // The reference is part of the key, so one task's file is of no use under another's name.
    private IDataProtector Protector(string reference, bool fresh)
    {
        lock (_gate)
        {
            if (fresh)
            {
                _services?.Dispose();
                _services = null;
            }

            _services ??= LoadKeyRing();
            return _services.GetRequiredService<IDataProtectionProvider>().CreateProtector(Purpose, reference);
        }
    }

    private ServiceProvider LoadKeyRing()
    {
        PrivateFile.CreateFolder(_keys);
        var services = new ServiceCollection();
        services.AddDataProtection().SetApplicationName("AiCoder").PersistKeysToFileSystem(new DirectoryInfo(_keys));
        return services.BuildServiceProvider();
    }

    private string PathOf(string reference) =>
        reference.Length is > 0 and <= LongestReference && reference.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '-')
            ? Path.Combine(_folder, reference + Suffix)
            : throw new ArgumentException($"'{reference}' is no reference to secrets.", nameof(reference));
}
