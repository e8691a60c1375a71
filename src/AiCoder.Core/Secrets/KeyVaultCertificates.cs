using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AiCoder.Core.Failures;
using Azure;
using Azure.Core;
using Azure.Identity;
using Azure.Security.KeyVault.Secrets;

namespace AiCoder.Core.Secrets;

/// <summary>
/// The certificate that the key ring is encrypted with, and its older versions, from Azure Key Vault. A certificate is read there as
/// the secret of its name, which is the only form that holds the private key.
/// </summary>
internal sealed class KeyVaultCertificates
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly SecretClient _client;
    private readonly string _host;
    private readonly string _name;
    private readonly string? _version;

    /// <param name="address">As KEY_VAULT_CERTIFICATE gives it.</param>
    /// <param name="credential">Null: DefaultAzureCredential.</param>
    /// <param name="configure">For a test's vault: its transport.</param>
    public KeyVaultCertificates(Uri address, TokenCredential? credential = null, Action<SecretClientOptions>? configure = null)
    {
        var path = address.AbsolutePath.Trim('/').Split('/');
        (_host, _name, _version) = (address.IdnHost, path[1], path.ElementAtOrDefault(2));
        var options = new SecretClientOptions();
        options.Retry.MaxRetries = 2;
        options.Retry.Delay = TimeSpan.FromMilliseconds(500);
        options.Retry.NetworkTimeout = TimeSpan.FromSeconds(10);
        configure?.Invoke(options);
        _client = new SecretClient(new Uri(address.GetLeftPart(UriPartial.Authority)), credential ?? DefaultCredential(), options);
    }

    /// <summary>The certificate to encrypt with.</summary>
    /// <exception cref="FailureException">
    /// <c>system/configuration</c>: it is not there, or has no private key; <c>authentication/…</c>: we may not read it; a network
    /// failure: the vault can't be reached.
    /// </exception>
    public Task<X509Certificate2> CurrentAsync(CancellationToken cancellationToken) =>
        BoundedAsync(
            async stop => await FetchAsync(_version, stop).ConfigureAwait(false) ?? throw new FailureException(
                FailureCodes.Configuration,
                $"'{_name}' in the key vault {_host} is no certificate with an RSA private key. KEY_VAULT_CERTIFICATE must name a certificate of key type RSA whose private key is exportable."),
            cancellationToken);

    /// <summary>Those versions that have one of these thumbprints, as far as they are still there and enabled.</summary>
    public Task<List<X509Certificate2>> FindAsync(IReadOnlySet<string> thumbprints, CancellationToken cancellationToken) => BoundedAsync(
        async stop =>
        {
            var versions = new List<SecretProperties>();
            await foreach (var version in _client.GetPropertiesOfSecretVersionsAsync(_name, stop).ConfigureAwait(false))
                versions.Add(version);

            var found = new List<X509Certificate2>();
            foreach (var version in versions.Where(version => version.Enabled != false).OrderByDescending(version => version.CreatedOn))
            {
                if (found.Count == thumbprints.Count)
                    break;
                // An older version that is none was never encrypted with, so it is in nobody's way.
                if (await FetchAsync(version.Version, stop).ConfigureAwait(false) is not { } certificate)
                    continue;
                if (thumbprints.Contains(certificate.Thumbprint))
                    found.Add(certificate);
                else
                    certificate.Dispose();
            }

            return found;
        },
        cancellationToken);

    /// <summary>The thumbprint of a certificate in DER.</summary>
    public static string ThumbprintOf(byte[] certificate)
    {
        using var read = X509CertificateLoader.LoadCertificate(certificate);
        return read.Thumbprint;
    }

    /// <summary>Null: it is no certificate with an RSA private key.</summary>
    private async Task<X509Certificate2?> FetchAsync(string? version, CancellationToken cancellationToken)
    {
        var secret = await _client.GetSecretAsync(_name, version, cancellationToken).ConfigureAwait(false);
        var certificate = Read(secret.Value.Value);
        using var key = certificate?.GetRSAPrivateKey();
        if (key is not null)
            return certificate;
        certificate?.Dispose();
        return null;
    }

    // As Key Vault keeps it: PKCS#12 in base64 without a password, or PEM.
    private static X509Certificate2? Read(string value)
    {
        try
        {
            return value.Contains("-----BEGIN", StringComparison.Ordinal)
                ? X509Certificate2.CreateFromPem(value, value)
                : X509CertificateLoader.LoadPkcs12(Convert.FromBase64String(value), null, X509KeyStorageFlags.EphemeralKeySet);
        }
        catch (Exception exception) when (exception is FormatException or CryptographicException)
        {
            return null;
        }
    }

    private async Task<T> BoundedAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Bound);
        try
        {
            return await ask(bound.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FailureException(FailureCodes.Timeout, $"The key vault {_host} (KEY_VAULT_CERTIFICATE) did not answer within {Bound.TotalSeconds} s.", exception);
        }
        catch (Exception exception) when (FailureOf(exception) is { } failure)
        {
            throw new FailureException(failure, exception);
        }
    }

    // The library's own words repeat headers and bodies, so they stay out.
    private Failure? FailureOf(Exception exception) => exception switch
    {
        // What the library throws once its own tries are used up.
        AggregateException { InnerExceptions: [.., var last] } => FailureOf(last),
        AuthenticationFailedException => Failure.Of(
            FailureCodes.InvalidToken,
            $"No Azure identity could log in to the key vault {_host} (KEY_VAULT_CERTIFICATE). Give this process a managed or workload identity, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET."),
        RequestFailedException { Status: 401 or 403 } => Failure.Of(
            FailureCodes.Forbidden,
            $"The key vault {_host} does not let this identity read '{_name}' (KEY_VAULT_CERTIFICATE). Give it the role Key Vault Secrets User (get and list of secrets); look too whether the vault's firewall lets this machine in and the certificate is enabled."),
        RequestFailedException { Status: 404 } => Failure.Of(
            FailureCodes.Configuration, $"There is no '{_name}'{(_version is null ? "" : $" of version {_version}")} in the key vault {_host}. Create the certificate, or correct KEY_VAULT_CERTIFICATE."),
        RequestFailedException { Status: 429 } => Failure.Of(FailureCodes.RateLimited, $"The key vault {_host} asks to be left alone for a while (429)."),
        RequestFailedException { Status: >= 500 } answered => Failure.Of(FailureCodes.ServerError, $"The key vault {_host} answered {answered.Status}."),
        RequestFailedException { InnerException: { } cause } => Unreachable(FailureMapping.From(cause)),
        RequestFailedException answered => Failure.Of(FailureCodes.Configuration, $"The key vault {_host} answered {answered.Status} ({answered.ErrorCode}). Check KEY_VAULT_CERTIFICATE."),
        _ => null,
    };

    private Failure Unreachable(Failure cause) =>
        cause with { Message = $"The key vault {_host} can't be reached: {cause.Message} Check KEY_VAULT_CERTIFICATE and the way there." };

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static DefaultAzureCredential DefaultCredential() => new();
}
