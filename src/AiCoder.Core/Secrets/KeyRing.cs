using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using AiCoder.Core.Configuration;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;

namespace AiCoder.Core.Secrets;

/// <summary>The keys under <c>STATE_DIR/keys</c>, ready for use.</summary>
internal sealed class KeyRing : IDisposable
{
    // Data Protection's own default.
    private static readonly TimeSpan KeyLifetime = TimeSpan.FromDays(90);

    private readonly ServiceProvider _services;

    private KeyRing(ServiceProvider services) => _services = services;

    public IDataProtector CreateProtector(string purpose, string reference) =>
        _services.GetRequiredService<IDataProtectionProvider>().CreateProtector(purpose, reference);

    /// <summary>Reads the keys, and the certificate where one is configured.</summary>
    /// <exception cref="Failures.FailureException">The certificate can't be had.</exception>
    public static async Task<KeyRing> LoadAsync(
        AiCoderOptions options, KeyFolder folder, Func<Uri, KeyVaultCertificates>? vault, CancellationToken cancellationToken)
    {
        var services = new ServiceCollection();
        var builder = services.AddDataProtection().SetApplicationName("AiCoder");
        services.Configure<KeyManagementOptions>(management => management.XmlRepository = folder);
        if (options.KeyVaultCertificate is not { } address)
            return new(services.BuildServiceProvider());

        await EncryptAsync(builder, folder, vault?.Invoke(address) ?? Vault(address), cancellationToken).ConfigureAwait(false);
        var provider = services.BuildServiceProvider();
        // A key from before the certificate would go on being used for new secrets until it is 90 days old.
        if (folder.NewestIsPlain())
        {
            var now = DateTimeOffset.UtcNow;
            provider.GetRequiredService<IKeyManager>().CreateNewKey(now, now + KeyLifetime);
        }

        return new(provider);
    }

    public void Dispose() => _services.Dispose();

    private static async Task EncryptAsync(IDataProtectionBuilder builder, KeyFolder folder, KeyVaultCertificates vault, CancellationToken cancellationToken)
    {
        var current = await vault.CurrentAsync(cancellationToken).ConfigureAwait(false);
        var older = folder.Thumbprints().Where(thumbprint => !thumbprint.Equals(current.Thumbprint, StringComparison.OrdinalIgnoreCase))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        List<X509Certificate2> known = older.Count == 0 ? [] : await vault.FindAsync(older, cancellationToken).ConfigureAwait(false);
        builder.ProtectKeysWithCertificate(current).UnprotectKeysWithAnyCertificate([current, .. known]);
    }

    // Apart, so that nothing of Azure is loaded where no certificate is configured.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static KeyVaultCertificates Vault(Uri address) => new(address);
}
