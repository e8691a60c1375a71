using AiCoder.Core.Git;

namespace AiCoder.Core.Forges;

public enum ForgeKind
{
    GitHub,
    GitLab,
    AzureDevOps,
}

/// <summary>A repository as its forge's API knows it.</summary>
/// <param name="Kind">Which API.</param>
/// <param name="Api">Where the API stands; ends in a slash.</param>
/// <param name="Web">Where its pages stand (Azure DevOps); ends in a slash.</param>
/// <param name="Path">
/// The parts of its name, unescaped: owner and name; groups and name; for Azure DevOps project and repository.
/// </param>
public sealed record ForgeRepository(ForgeKind Kind, Uri Api, Uri Web, IReadOnlyList<string> Path)
{
    /// <summary>What an address says about its forge; null where the address is no name on that forge.</summary>
    public static ForgeRepository? Of(GitUrl url, ForgeKind kind)
    {
        var origin = Origin(url);
        var parts = url.Path.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).ToArray();
        if (parts.Length == 0 || parts.Any(part => part is "." or ".."))
            return null;
        parts[^1] = parts[^1].EndsWith(".git", StringComparison.OrdinalIgnoreCase) && parts[^1].Length > 4 ? parts[^1][..^4] : parts[^1];
        return kind switch
        {
            ForgeKind.GitHub => parts.Length == 2 ? new(kind, GitHubApi(origin), origin, parts) : null,
            ForgeKind.GitLab => parts.Length >= 2 ? new(kind, new Uri(origin, "api/v4/"), origin, parts) : null,
            _ => AzureDevOps(url, origin, parts),
        };
    }

    /// <summary>Whether the address has the form that only Azure DevOps has, on whatever host.</summary>
    public static bool LooksLikeAzureDevOps(GitUrl url) =>
        url.Host is "dev.azure.com" or "ssh.dev.azure.com"
        || url.Host.EndsWith(".visualstudio.com", StringComparison.Ordinal)
        || url.Path.Contains("/_git/", StringComparison.Ordinal)
        || url.Path.Contains("/_ssh/", StringComparison.Ordinal);

    // Over ssh the port says nothing about the API's; github.com and its like have another name for ssh besides.
    private static Uri Origin(GitUrl url)
    {
        if (url.Transport is GitTransport.Https or GitTransport.Http)
            return new Uri(url.Origin + "/");
        var host = url.Host switch
        {
            "ssh.github.com" => "github.com",
            "altssh.gitlab.com" => "gitlab.com",
            "ssh.dev.azure.com" => "dev.azure.com",
            var other => other,
        };
        return new UriBuilder(Uri.UriSchemeHttps, host).Uri;
    }

    private static Uri GitHubApi(Uri origin) =>
        origin.Host == "github.com" ? new Uri("https://api.github.com/")
        : origin.Host.EndsWith(".ghe.com", StringComparison.Ordinal) ? new Uri($"https://api.{origin.Host}/")
        : new Uri(origin, "api/v3/");

    /// <summary>
    /// <c>…/{project}/_git/{repository}</c>, where the project may be left out if it has the repository's name; over ssh
    /// <c>v3/{organization}/{project}/{repository}</c> on the service and <c>…/{project}/_ssh/{repository}</c> on a server.
    /// </summary>
    private static ForgeRepository? AzureDevOps(GitUrl url, Uri origin, string[] parts)
    {
        if (url.Transport == GitTransport.Ssh && parts is ["v3", var organization, var project, var name])
        {
            var service = url.Host == "vs-ssh.visualstudio.com"
                ? new Uri($"https://{Uri.EscapeDataString(organization)}.visualstudio.com/")
                : new Uri($"https://dev.azure.com/{Uri.EscapeDataString(organization)}/");
            return new(ForgeKind.AzureDevOps, service, service, [project, name]);
        }

        var mark = Array.FindIndex(parts, part => part is "_git" or "_ssh");
        if (mark < 0 || mark != parts.Length - 2)
            return null;
        // A leading organization or collection and nothing else: the project has the repository's name.
        var leading = origin.Host.EndsWith(".visualstudio.com", StringComparison.Ordinal) ? 0 : 1;
        var projectGiven = mark > leading && !(mark == 1 && parts[0].Equals("DefaultCollection", StringComparison.OrdinalIgnoreCase));
        var collection = parts[..(projectGiven ? mark - 1 : mark)];
        var web = new Uri(origin, string.Concat(collection.Select(part => Uri.EscapeDataString(part) + "/")));
        return new(ForgeKind.AzureDevOps, web, web, [projectGiven ? parts[mark - 1] : parts[^1], parts[^1]]);
    }
}
