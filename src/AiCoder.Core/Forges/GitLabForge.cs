using System.Net.Http;
using System.Text.Json.Nodes;
using AiCoder.Core.Failures;

namespace AiCoder.Core.Forges;

/// <summary>GitLab, hosted or one's own (https://docs.gitlab.com/api/merge_requests/).</summary>
internal sealed class GitLabForge(ForgeApi api) : IForge
{
    private const int LongestTitle = 255;
    private const int LongestDescription = 1_000_000;

    // Sub-groups make the path as long as they like; the API takes it as one escaped part.
    private string Requests => $"projects/{Uri.EscapeDataString(string.Join('/', api.Repository.Path))}/merge_requests";

    public async Task<OpenedPullRequest> FindOrCreateAsync(PullRequestProposal proposal, CancellationToken cancellationToken)
    {
        if (await FindAsync(proposal, cancellationToken).ConfigureAwait(false) is { } found)
            return Opened(found, existing: true, []);

        var notes = new List<string>();
        var body = new JsonObject
        {
            ["source_branch"] = proposal.SourceBranch,
            ["target_branch"] = proposal.TargetBranch,
            ["title"] = TextLimit.Cut(proposal.Draft ? DraftTitle.Of(proposal.Title) : proposal.Title, LongestTitle),
            ["description"] = TextLimit.Cut(proposal.Description, LongestDescription),
        };
        if (proposal.Labels.Count > 0)
            body["labels"] = string.Join(',', proposal.Labels);
        var reviewers = await ReviewersAsync(proposal.Reviewers, notes, cancellationToken).ConfigureAwait(false);
        if (reviewers.Count > 0)
            body["reviewer_ids"] = reviewers;

        var answer = await api.CallAsync(HttpMethod.Post, Requests, body, cancellationToken).ConfigureAwait(false);
        if (answer.Succeeded)
            return Opened(answer.Json!, existing: false, notes);

        // 409: "Another open merge request already exists for this source branch".
        return await FindAsync(proposal, cancellationToken).ConfigureAwait(false) is { } raced
            ? Opened(raced, existing: true, notes)
            : throw api.Refusal(answer);
    }

    private async Task<JsonNode?> FindAsync(PullRequestProposal proposal, CancellationToken cancellationToken)
    {
        var url = $"{Requests}?state=opened&source_branch={Uri.EscapeDataString(proposal.SourceBranch)}&target_branch={Uri.EscapeDataString(proposal.TargetBranch)}";
        var answer = await api.CallAsync(HttpMethod.Get, url, null, cancellationToken).ConfigureAwait(false);
        if (answer is not { Succeeded: true, Json: JsonArray list })
            throw api.Refusal(answer);
        return list.FirstOrDefault(one =>
            (string?)one?["source_branch"] == proposal.SourceBranch
            && (string?)one?["target_branch"] == proposal.TargetBranch
            // A fork may have a branch of the same name.
            && (one?["source_project_id"] is not { } source || one["target_project_id"] is not { } target || JsonNode.DeepEquals(source, target)));
    }

    /// <summary>The API wants ids; people know names.</summary>
    private async Task<JsonArray> ReviewersAsync(IReadOnlyList<string> names, List<string> notes, CancellationToken cancellationToken)
    {
        var ids = new JsonArray();
        foreach (var name in names.Select(name => name.TrimStart('@')).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            try
            {
                var answer = await api.CallAsync(HttpMethod.Get, $"users?username={Uri.EscapeDataString(name)}", null, cancellationToken).ConfigureAwait(false);
                if ((answer.Json as JsonArray)?.FirstOrDefault()?["id"] is { } id)
                    ids.Add(id.DeepClone());
                else
                    notes.Add($"The reviewer '{name}' is not known to {api.Repository.Api.Host}.");
            }
            catch (FailureException exception)
            {
                notes.Add($"The reviewer '{name}' could not be looked up: {exception.Failure.Message}");
            }
        }

        return ids;
    }

    private static OpenedPullRequest Opened(JsonNode request, bool existing, IReadOnlyList<string> notes) => new(
        (string)request["web_url"]!,
        (long)request["iid"]!,
        // Servers before 14.0 say it by the older name.
        (bool?)request["draft"] ?? (bool?)request["work_in_progress"] ?? false,
        existing,
        notes);
}
