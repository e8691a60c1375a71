using System.Security.Cryptography.X509Certificates;

namespace AiCoder.Demo;

/// <summary>How a <see cref="GitServer"/> behaves.</summary>
public sealed record GitServerOptions
{
    /// <summary>Whether a user name and password (or token) may come in; null: everybody may.</summary>
    public Func<string, string, bool>? Authorize { get; init; }

    /// <summary>
    /// Called before the login is looked at: an answer stands in for git's, null lets the request through. It may wait (a slow
    /// server); its token fires when the client goes or the server stops.
    /// </summary>
    public Func<GitServerRequest, CancellationToken, Task<GitServerAnswer?>>? Intercept { get; init; }

    /// <summary>Serve HTTPS with this certificate; null: HTTP.</summary>
    public X509Certificate2? Certificate { get; init; }
}
