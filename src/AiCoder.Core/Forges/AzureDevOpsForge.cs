using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using AiCoder.Core.Failures;

namespace AiCoder.Core.Forges;

/// <summary>
/// Azure DevOps Services and Server (https://learn.microsoft.com/rest/api/azure/devops/git/pull-requests). The API's version is one
/// that Server 2019 knows too.
/// </summary>
internal sealed class AzureDevOpsForge : IForge
{
    private const int LongestTitle = 400;
    private const int LongestDescription = 4_000;
    private const string Version = "api-version=5.0";

    private readonly ForgeApi _api;

    public AzureDevOpsForge(ForgeApi api) =>
        // A personal access token is the password of a basic login with any user; what Entra ID gives out is a bearer.
        _api = api.Token.StartsWith("eyJ", StringComparison.Ordinal)
            ? api
            : api.WithAuthorization(new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(":" + api.Token))));

    private string Project => Uri.EscapeDataString(_api.Repository.Path[0]);

    private string Name => Uri.EscapeDataString(_api.Repository.Path[1]);

    private string Requests => $"{Project}/_apis/git/repositories/{Name}/pullrequests";

    public async Task<OpenedPullRequest> FindOrCreateAsync(PullRequestProposal proposal, CancellationToken cancellationToken)
    {
        if (await FindAsync(proposal, cancellationToken).ConfigureAwait(false) is { } found)
            return Opened(found, existing: true, []);

        var notes = new List<string>();
        var body = new JsonObject
        {
            ["sourceRefName"] = Reference(proposal.SourceBranch),
            ["targetRefName"] = Reference(proposal.TargetBranch),
            ["title"] = TextLimit.Cut(proposal.Title, LongestTitle),
            ["description"] = TextLimit.Cut(proposal.Description, LongestDescription),
            ["isDraft"] = proposal.Draft,
        };
        if (proposal.Labels.Count > 0)
            body["labels"] = new JsonArray([.. proposal.Labels.Select(label => new JsonObject { ["name"] = label })]);
        var reviewers = await ReviewersAsync(proposal.Reviewers, notes, cancellationToken).ConfigureAwait(false);
        if (reviewers.Count > 0)
            body["reviewers"] = reviewers;

        var answer = await _api.CallAsync(HttpMethod.Post, $"{Requests}?{Version}", body, cancellationToken).ConfigureAwait(false);
        if (answer is { Succeeded: true, Json: not null })
            return Opened(answer.Json, existing: false, notes);

        // 409, TF401179: "An active pull request for the source and target branch already exists."
        return await FindAsync(proposal, cancellationToken).ConfigureAwait(false) is { } raced
            ? Opened(raced, existing: true, notes)
            : throw _api.Refusal(answer);
    }

    private async Task<JsonNode?> FindAsync(PullRequestProposal proposal, CancellationToken cancellationToken)
    {
        var url = $"{Requests}?searchCriteria.status=active&searchCriteria.sourceRefName={Uri.EscapeDataString(Reference(proposal.SourceBranch))}"
            + $"&searchCriteria.targetRefName={Uri.EscapeDataString(Reference(proposal.TargetBranch))}&{Version}";
        var answer = await _api.CallAsync(HttpMethod.Get, url, null, cancellationToken).ConfigureAwait(false);
        if (answer is not { Succeeded: true, Json: JsonObject json } || json["value"] is not JsonArray list)
            throw _api.Refusal(answer);
        return list.FirstOrDefault(one =>
            (string?)one?["sourceRefName"] == Reference(proposal.SourceBranch) && (string?)one?["targetRefName"] == Reference(proposal.TargetBranch));
    }

    /// <summary>The API wants identities' ids; people know e-mail addresses.</summary>
    private async Task<JsonArray> ReviewersAsync(IReadOnlyList<string> names, List<string> notes, CancellationToken cancellationToken)
    {
        var ids = new JsonArray();
        foreach (var name in names.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (Guid.TryParse(name, out _))
            {
                ids.Add(new JsonObject { ["id"] = name });
                continue;
            }

            try
            {
                var url = new Uri(IdentityService(), $"_apis/identities?searchFilter=General&filterValue={Uri.EscapeDataString(name)}&{Version}");
                var answer = await _api.CallAsync(HttpMethod.Get, url.AbsoluteUri, null, cancellationToken).ConfigureAwait(false);
                if ((answer.Json?["value"] as JsonArray) is [{ } identity, ..] && (string?)identity["id"] is { } id)
                    ids.Add(new JsonObject { ["id"] = id });
                else
                    notes.Add($"The reviewer '{name}' is not known to {_api.Repository.Api.Host}.");
            }
            catch (FailureException exception)
            {
                notes.Add($"The reviewer '{name}' could not be looked up: {exception.Failure.Message}");
            }
        }

        return ids;
    }

    // The service keeps identities under another name of its own; a server keeps them itself.
    private Uri IdentityService()
    {
        var api = _api.Repository.Api;
        const string old = ".visualstudio.com";
        if (api is { Scheme: "https", Host: "dev.azure.com" })
            return new Uri("https://vssps.dev.azure.com" + api.AbsolutePath);
        return api.Scheme == "https" && api.Host.EndsWith(old, StringComparison.Ordinal)
            ? new Uri($"https://{api.Host[..^old.Length]}.vssps{old}/")
            : api;
    }

    private OpenedPullRequest Opened(JsonNode request, bool existing, IReadOnlyList<string> notes)
    {
        var number = (long)request["pullRequestId"]!;
        var url = new Uri(_api.Repository.Web, $"{Project}/_git/{Name}/pullrequest/{number}");
        return new(url.AbsoluteUri, number, (bool?)request["isDraft"] ?? false, existing, notes);
    }

    private static string Reference(string branch) => "refs/heads/" + branch;
}
