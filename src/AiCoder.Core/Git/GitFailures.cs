using System.Globalization;
using System.Text.RegularExpressions;
using AiCoder.Core.Failures;

namespace AiCoder.Core.Git;

/// <summary>What went wrong, read from what git and ssh print under LC_ALL=C. The first rule that matches counts.</summary>
internal static partial class GitFailures
{
    private const int SaidLimit = 1_000;

    private static readonly (string Code, string[] Texts)[] Rules =
    [
        (FailureCodes.DiskFull, ["No space left on device", "Disk quota exceeded"]),
        (FailureCodes.HostKeyUnknown, ["Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED", "host key is known for"]),
        (FailureCodes.HostNotFound, ["Could not resolve host", "Could not resolve proxy", "Could not resolve hostname", "Name or service not known"]),
        (FailureCodes.Tls,
        [
            "SSL certificate problem", "server certificate verification failed", "gnutls_handshake", "SSL_ERROR", "SSL_connect", "SSL connect error",
            "SSL: no alternative certificate subject name", "certificate subject name", "error setting certificate",
            "GnuTLS recv error", "OpenSSL/", "TLS connection was non-properly terminated",
        ]),
        (FailureCodes.Timeout,
        [
            "Operation too slow", "Operation timed out", "Connection timed out", "Timeout was reached", "timed out after",
            "Connection time-out", "No route to host", "Network is unreachable",
        ]),
        (FailureCodes.Refused, ["Connection refused", "Failed to connect to", "Couldn't connect to server"]),
        (FailureCodes.InvalidToken,
        [
            "Authentication failed for", "could not read Username", "could not read Password", "HTTP Basic: Access denied",
            "Invalid username or", "Permission denied (publickey", "Permission denied (password", "Too many authentication failures",
            "requested URL returned error: 401", "incorrect passphrase", "error in libcrypto", "invalid format",
        ]),
        (FailureCodes.RateLimited, ["requested URL returned error: 429", "rate limit", "Too Many Requests"]),
        (FailureCodes.RepositoryNotFound,
        [
            "requested URL returned error: 404", "requested URL returned error: 410", "not valid: is this a git repository",
            "does not appear to be a git repository", "Repository not found", "project you were looking for could not be found",
            "repository does not exist", "not a git repository", "no such project",
        ]),
        (FailureCodes.BranchNotFound, ["couldn't find remote ref", "no such remote ref"]),
        (FailureCodes.Forbidden,
        [
            "requested URL returned error: 403", "not allowed to", "Write access to repository not granted", "access denied", "Access denied",
            "don't have permission", "Permission to ", "read-only", "deploy key",
        ]),
        (FailureCodes.Configuration, ["unknown value", "unsupported object format", "mismatched algorithms", "unknown repository extension", "cannot run ssh", "Operation not permitted", "Read-only file system"]),
        (FailureCodes.Reset,
        [
            "Connection reset", "Empty reply from server", "Recv failure", "Send failure", "early EOF", "unexpected disconnect",
            "hung up unexpectedly", "Connection closed by", "kex_exchange_identification", "transfer closed", "was not closed cleanly",
            "unexpected EOF", "Broken pipe", "invalid index-pack output", "Could not read from remote repository", "protocol error", "bad line length",
            "expected flush", "unable to access",
        ]),
    ];

    private static readonly string[] ForbiddenHere = ["Operation not permitted", "Read-only file system", "could not create", "unable to create", "cannot mkdir"];

    /// <summary>The workspace itself stands in the way. (What ssh says about a refused login is another thing.)</summary>
    public static bool IsForbiddenHere(string text) => ForbiddenHere.Any(entry => text.Contains(entry, StringComparison.OrdinalIgnoreCase));

    public static bool IsDiskFull(string text) =>
        Rules[0].Texts.Any(entry => text.Contains(entry, StringComparison.OrdinalIgnoreCase));

    /// <summary>The failure of an operation that crossed the network.</summary>
    /// <param name="access">What was reached for.</param>
    /// <param name="verb">What was being done, as <c>clone</c> or <c>push to</c>.</param>
    /// <param name="outcome">How git ended.</param>
    public static Failure From(RemoteAccess access, string verb, GitOutcome outcome)
    {
        var said = Said(access, outcome.Error);
        if (outcome.TimedOut)
            return Failure.Of(FailureCodes.Timeout, $"Could not {verb} {access.Url}: it took longer than allowed and was ended. {said}".Trim());
        var code = CodeOf(said);
        return Failure.Of(code, $"Could not {verb} {access.Url}: {Sentence(code, access)} git said: {said}");
    }

    /// <summary>What git printed, for people: progress left out, without secrets, bounded.</summary>
    public static string Said(RemoteAccess access, string error)
    {
        var lines = error.Split('\n', '\r')
            .Select(line => line.Trim())
            .Where(line => line.Length > 0 && !Progress().IsMatch(line) && !line.StartsWith("hint:", StringComparison.Ordinal));
        var text = access.Redactor.Redact(string.Join(' ', lines));
        return text.Length <= SaidLimit ? text : text[..SaidLimit] + " …";
    }

    private static string CodeOf(string said)
    {
        var status = HttpStatus().Match(said);
        if (status.Success && int.Parse(status.Groups[1].Value, CultureInfo.InvariantCulture) >= 500)
            return FailureCodes.ServerError;
        foreach (var (code, texts) in Rules)
        {
            if (texts.Any(text => said.Contains(text, StringComparison.OrdinalIgnoreCase)))
                return code;
        }
        // git says "repository 'URL' not found" with the address in the middle.
        if (NotFound().IsMatch(said))
            return FailureCodes.RepositoryNotFound;
        return FailureCodes.Unhandled;
    }

    private static string Sentence(string code, RemoteAccess access) => code switch
    {
        FailureCodes.DiskFull => "no space is left in the workspace; free some, or move WORKSPACE_DIR.",
        FailureCodes.HostKeyUnknown =>
            $"the host key of {access.Url.Host} is not known or has changed; check it with its operator and give it as credentials.known_hosts (ssh-keyscan prints the form).",
        FailureCodes.HostNotFound => $"there is no host {access.Url.Host}; check the address and the DNS.",
        FailureCodes.Tls => "the server's certificate can't be trusted; for a private authority set GIT_SSL_CAINFO or SSL_CERT_FILE.",
        FailureCodes.Timeout => "the server did not answer in time.",
        FailureCodes.Refused => $"nothing answers at {access.Url.Host} port {access.Url.EffectivePort}.",
        FailureCodes.InvalidToken when access.HasCredentials => "the login was refused; the token, password or key is wrong, expired or revoked.",
        FailureCodes.InvalidToken => "the server asks for a login, and none was sent there; give gitlab_api_token, github_token or credentials. GITHUB_TOKEN goes to github.com and GITHUB_HOSTS only, and a service's GITLAB_API_TOKEN to gitlab.com and GITLAB_HOSTS.",
        FailureCodes.Forbidden => "the login has no right to do this; check the token's scopes and the role in the project.",
        FailureCodes.RepositoryNotFound =>
            access.HasCredentials ? "there is no such repository, or the login may not see it." : "there is no such repository, or it is private and needs a login.",
        FailureCodes.BranchNotFound => "the branch is not there.",
        FailureCodes.RateLimited => "the server limits how often it may be asked.",
        FailureCodes.ServerError => "the server failed.",
        FailureCodes.Reset => "the connection broke off.",
        _ => "it failed.",
    };

    [GeneratedRegex(@"(?:returned error: |HTTP )(\d{3})")]
    private static partial Regex HttpStatus();

    [GeneratedRegex("repository '[^']*' not found")]
    private static partial Regex NotFound();

    [GeneratedRegex(@"^(?:remote: )?(?:Enumerating|Counting|Compressing|Receiving|Writing|Resolving|Unpacking|Updating|Total|Delta)\b.*(?:\d|done)")]
    private static partial Regex Progress();
}
