using System.Text;

namespace AiCoder.Demo;

/// <summary>A request that a <see cref="GitServer"/> got.</summary>
/// <param name="Method">GET or POST.</param>
/// <param name="Path">The path, decoded.</param>
/// <param name="Query">With its question mark; empty where there is none.</param>
/// <param name="Authorization">The header as it came; null where there was none.</param>
public sealed record GitServerRequest(string Method, string Path, string Query, string? Authorization)
{
    /// <summary>User name and password of a basic login; null where there is none.</summary>
    public (string User, string Password)? BasicLogin
    {
        get
        {
            const string Scheme = "Basic ";
            if (Authorization is null || !Authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
                return null;
            var bytes = new byte[Authorization.Length];
            if (!Convert.TryFromBase64String(Authorization[Scheme.Length..].Trim(), bytes, out var length))
                return null;
            var login = Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2);
            return login.Length == 2 ? (login[0], login[1]) : null;
        }
    }
}
