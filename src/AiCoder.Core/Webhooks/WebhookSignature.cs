using System.Security.Cryptography;
using System.Text;

namespace AiCoder.Core.Webhooks;

/// <summary>
/// Signs a delivery in two forms: Standard Webhooks 1.0 (<c>v1,&lt;base64&gt;</c> over <c>id.timestamp.body</c>,
/// https://github.com/standard-webhooks/standard-webhooks) and GitHub's (<c>sha256=&lt;hex&gt;</c> over the body).
/// </summary>
public static class WebhookSignature
{
    public const string IdHeader = "webhook-id";
    public const string TimestampHeader = "webhook-timestamp";
    public const string SignatureHeader = "webhook-signature";
    public const string GitHubHeader = "X-Hub-Signature-256";

    private const string Prefix = "whsec_";

    /// <summary>The key of a secret: <c>whsec_</c> + base64 gives the decoded bytes, any other text its UTF-8 bytes.</summary>
    public static byte[] KeyOf(string secret) => Decoded(secret) ?? Encoding.UTF8.GetBytes(secret);

    /// <summary>Whether a secret says that it is base64 and is not: who made it and who checks with it would sign with other keys.</summary>
    public static bool IsDamaged(string secret) => secret.StartsWith(Prefix, StringComparison.Ordinal) && Decoded(secret) is not { Length: > 0 };

    // The padding is often lost on the way.
    private static byte[]? Decoded(string secret)
    {
        if (!secret.StartsWith(Prefix, StringComparison.Ordinal))
            return null;
        var text = secret[Prefix.Length..].TrimEnd('=');
        var buffer = new byte[text.Length];
        return Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), buffer, out var written) ? buffer[..written] : null;
    }

    /// <summary>The value of <see cref="SignatureHeader"/>.</summary>
    public static string Standard(byte[] key, string id, string timestamp, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, signed));
    }

    /// <summary>The value of <see cref="GitHubHeader"/>.</summary>
    public static string GitHub(byte[] key, ReadOnlySpan<byte> body) => "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(key, body));
}
