namespace AiCoder.Core.Tasks;

/// <summary>A repository's address and the login that people write into it (<c>https://oauth2:TOKEN@host/…</c>), apart.</summary>
/// <param name="Url">The address without a login.</param>
/// <param name="Username">The user name of an http(s) address, where it had one.</param>
/// <param name="Password">The password or token, where it had one: a secret.</param>
internal sealed record RepositoryLogin(string Url, string? Username, string? Password)
{
    /// <summary>Takes the login out of an http(s) address. An ssh address keeps its user name, which is no secret and needed.</summary>
    public static RepositoryLogin Split(string address)
    {
        address = address.Trim();
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.UserInfo.Length == 0 || uri.Scheme is not ("http" or "https" or "ssh"))
            return new(address, null, null);

        var login = uri.UserInfo.Split(':', 2).Select(Uri.UnescapeDataString).ToArray();
        var password = login.Length > 1 && login[1].Length > 0 ? login[1] : null;
        var bare = address.Replace(uri.UserInfo + "@", uri.Scheme == "ssh" ? Uri.EscapeDataString(login[0]) + "@" : "", StringComparison.Ordinal);
        if (uri.Scheme == "ssh")
            return new(bare, null, password);
        // `https://TOKEN@host` is how GitHub's own documentation writes it: a lone part is the secret.
        return password is null && login[0].Length >= 20 ? new(bare, null, login[0]) : new(bare, login[0], password);
    }

    /// <summary>What is wrong with an address without login, in a sentence; null: nothing that can be seen from here.</summary>
    public static string? Problem(string url, bool callerIsOperator)
    {
        var local = url.StartsWith('/') || url.StartsWith("./", StringComparison.Ordinal) || url.StartsWith("file://", StringComparison.Ordinal);
        if (local && callerIsOperator)
            return null;
        var scp = !url.Contains("://", StringComparison.Ordinal) && url.IndexOf(':', StringComparison.Ordinal) > 0 && url.Contains('@', StringComparison.Ordinal);
        var known = Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" or "ssh" && uri.Host.Length > 0;
        return !url.StartsWith('-') && !url.Any(char.IsControl) && (known || scp)
            ? null
            : "repo_url must be an https, http or ssh address, or the form git@host:group/project.git" + (callerIsOperator ? ", or a local path." : ".");
    }
}
