using System.Security.Cryptography;
using System.Text;
using AiCoder.Core.Configuration;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace AiCoder.Server.Access;

/// <summary>The key that callers show, as <c>Authorization: Bearer</c> or <c>X-API-Key</c>.</summary>
internal sealed class ServiceKey(AiCoderOptions options)
{
    public const string HeaderName = "X-API-Key";
    private const string Bearer = "Bearer ";

    private readonly byte[]? _hash = options.ServiceKey is { } key ? Hash(key) : null;

    /// <summary>Whether callers need one.</summary>
    public bool IsRequired => _hash is not null;

    /// <summary>Whether a request shows the key.</summary>
    public bool IsShownBy(HttpRequest request) => _hash is not null && Shown(request) is { } shown && Matches(shown);

    /// <summary>Takes the same time whatever was shown: hashes have one length and are compared whole.</summary>
    private bool Matches(string shown) => CryptographicOperations.FixedTimeEquals(Hash(shown), _hash);

    private static string? Shown(HttpRequest request)
    {
        if (request.Headers.TryGetValue(HeaderName, out var own) && own.Count == 1)
            return own[0];
        var authorization = request.Headers[HeaderNames.Authorization];
        return authorization is [{ } value] && value.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? value[Bearer.Length..].Trim() : null;
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
