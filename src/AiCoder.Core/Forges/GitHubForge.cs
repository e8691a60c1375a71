using System.Net.Http;
using System.Text.Json.Nodes;
using AiCoder.Core.Failures;

namespace AiCoder.Core.Forges;

/// <summary>GitHub and GitHub Enterprise (https://docs.github.com/rest/pulls/pulls).</summary>
internal sealed class GitHubForge(ForgeApi api) : IForge
{
    private const int LongestTitle = 256;
    private const int LongestDescription = 65_536;

    private string Owner => api.Repository.Path[0];

    private string Root => $"repos/{Uri.EscapeDataString(Owner)}/{Uri.EscapeDataString(api.Repository.Path[1])}";

    public async Task<OpenedPullRequest> FindOrCreateAsync(PullRequestProposal proposal, CancellationToken cancellationToken)
    {
        if (await FindAsync(proposal, cancellationToken).ConfigureAwait(false) is { } found)
            return await CompleteAsync(found, existing: true, proposal, cancellationToken).ConfigureAwait(false);

        var answer = await CreateAsync(proposal, proposal.Draft, cancellationToken).ConfigureAwait(false);
        // Private repositories of free plans know no drafts; the title says it then.
        if (!answer.Succeeded && proposal.Draft && answer.Body.Contains("draft", StringComparison.OrdinalIgnoreCase))
            answer = await CreateAsync(proposal with { Title = DraftTitle.Of(proposal.Title) }, draft: false, cancellationToken).ConfigureAwait(false);
        if (answer.Succeeded)
            return await CompleteAsync(answer.Json!, existing: false, proposal, cancellationToken).ConfigureAwait(false);

        // Somebody else was faster, most likely another try of this very step.
        return await FindAsync(proposal, cancellationToken).ConfigureAwait(false) is { } raced
            ? await CompleteAsync(raced, existing: true, proposal, cancellationToken).ConfigureAwait(false)
            : throw api.Refusal(answer);
    }

    private async Task<JsonNode?> FindAsync(PullRequestProposal proposal, CancellationToken cancellationToken)
    {
        var head = Uri.EscapeDataString($"{Owner}:{proposal.SourceBranch}");
        var url = $"{Root}/pulls?state=open&head={head}&base={Uri.EscapeDataString(proposal.TargetBranch)}";
        var answer = await api.CallAsync(HttpMethod.Get, url, null, cancellationToken).ConfigureAwait(false);
        if (answer is not { Succeeded: true, Json: JsonArray list })
            throw api.Refusal(answer);
        // A server that does not understand the filter returns every request.
        return list.FirstOrDefault(one => (string?)one?["head"]?["ref"] == proposal.SourceBranch && (string?)one?["base"]?["ref"] == proposal.TargetBranch);
    }

    private Task<ForgeAnswer> CreateAsync(PullRequestProposal proposal, bool draft, CancellationToken cancellationToken) =>
        api.CallAsync(
            HttpMethod.Post,
            $"{Root}/pulls",
            new JsonObject
            {
                ["title"] = TextLimit.Cut(proposal.Title, LongestTitle),
                ["body"] = TextLimit.Cut(proposal.Description, LongestDescription),
                ["head"] = proposal.SourceBranch,
                ["base"] = proposal.TargetBranch,
                ["draft"] = draft,
            },
            cancellationToken);

    /// <summary>Labels and reviewers are set by calls of their own; what a killed run left out is added.</summary>
    private async Task<OpenedPullRequest> CompleteAsync(
        JsonNode request, bool existing, PullRequestProposal proposal, CancellationToken cancellationToken)
    {
        var number = (long)request["number"]!;
        var notes = new List<string>();
        var labels = Missing(proposal.Labels, request["labels"], "name");
        if (labels.Count > 0)
            await TryAsync($"{Root}/issues/{number}/labels", new() { ["labels"] = Names(labels) }, "the labels", notes, cancellationToken).ConfigureAwait(false);

        var users = Missing(proposal.Reviewers.Where(name => !name.Contains('/', StringComparison.Ordinal)), request["requested_reviewers"], "login");
        var teams = Missing(
            proposal.Reviewers.Where(name => name.Contains('/', StringComparison.Ordinal)).Select(name => name.Split('/')[^1]), request["requested_teams"], "slug");
        if (users.Count + teams.Count > 0)
        {
            await TryAsync(
                $"{Root}/pulls/{number}/requested_reviewers",
                new() { ["reviewers"] = Names(users), ["team_reviewers"] = Names(teams) },
                "the reviewers",
                notes,
                cancellationToken).ConfigureAwait(false);
        }

        return new((string)request["html_url"]!, number, (bool?)request["draft"] ?? false, existing, notes);
    }

    private async Task TryAsync(string url, JsonObject body, string what, List<string> notes, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await api.CallAsync(HttpMethod.Post, url, body, cancellationToken).ConfigureAwait(false);
            if (!answer.Succeeded)
                notes.Add($"The pull request was opened, but {what} were refused: {api.Refusal(answer).Failure.Message}");
        }
        catch (FailureException exception)
        {
            notes.Add($"The pull request was opened, but {what} could not be set: {exception.Failure.Message}");
        }
    }

    private static List<string> Missing(IEnumerable<string> wanted, JsonNode? present, string field)
    {
        var there = (present as JsonArray ?? []).Select(one => (string?)one?[field]).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. wanted.Where(name => !there.Contains(name)).Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    private static JsonArray Names(IEnumerable<string> names) => new([.. names.Select(name => (JsonNode)name)]);
}
