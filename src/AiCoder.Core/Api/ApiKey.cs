using System.Security.Cryptography;
using System.Text;

namespace AiCoder.Core.Api;

/// <summary>The service's own key (AICODER_API_KEY), as <c>Authorization: Bearer …</c> or <c>X-API-Key: …</c>.</summary>
public static class ApiKey
{
    public const string HeaderName = "X-API-Key";
    private const string Bearer = "Bearer ";

    /// <summary>What a request without the key is answered.</summary>
    public static ApiAnswer Refusal { get; } = ApiAnswer.Problem(
        401, "The key is missing or wrong", $"Send the service's AICODER_API_KEY as 'Authorization: Bearer …' or '{HeaderName}: …'.");

    /// <summary>Whether a request shows the key. Takes the same time whatever it shows: hashes have one length and are compared whole.</summary>
    /// <param name="key">The service's key; null: everybody may come in.</param>
    /// <param name="authorization">The Authorization header.</param>
    /// <param name="apiKey">The X-API-Key header, which counts before the other.</param>
    public static bool Allows(string? key, string? authorization, string? apiKey)
    {
        if (key is null)
            return true;
        var shown = apiKey ?? (authorization?.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) == true ? authorization[Bearer.Length..].Trim() : null);
        return shown is not null && CryptographicOperations.FixedTimeEquals(Hash(shown), Hash(key));
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
