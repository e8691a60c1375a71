using System.Security.Cryptography;
using System.Text;

namespace AiCoder.Core.Api;

/// <summary>The service's own key (AICODER_API_KEY), as <c>Authorization: Bearer …</c> or <c>X-API-Key: …</c>.</summary>
public static class ApiKey
{
    /// <summary>A shorter key can be guessed.</summary>
    public const int Shortest = 16;

    private const string Bearer = "Bearer ";

    /// <summary>What a request without the key is answered.</summary>
    public static ApiAnswer Refusal { get; } = ApiAnswer.Problem(
        401, "The key is missing or wrong", "Send the service's key (AICODER_API_KEY) as 'Authorization: Bearer <key>' or 'X-API-Key: <key>'.");

    /// <summary>Whether a request may come in. How long it takes says nothing of the key.</summary>
    /// <param name="key">The service's key; null: everybody may.</param>
    /// <param name="authorization">The Authorization header.</param>
    /// <param name="apiKey">The X-API-Key header.</param>
    public static bool Allows(string? key, string? authorization, string? apiKey)
    {
        if (key is null)
            return true;
        var given = authorization?.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) == true ? authorization[Bearer.Length..].Trim() : apiKey;
        return given is not null && CryptographicOperations.FixedTimeEquals(Hash(given), Hash(key));
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
