using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Forges;
using AiCoder.Core.Network;
using AiCoder.Core.Tasks;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Forges;

/// <summary>The three forges against servers that speak their API, over real HTTP.</summary>
public sealed class ForgeTests
{
    private const string Token = "forge-token-1234567890";

    private static readonly PullRequestProposal Proposal = new()
    {
        SourceBranch = "ai/任务-1", TargetBranch = "main", Title = "AI: 添加登录功能", Description = "说明\n\n- a", Labels = ["ai", "后端"], Reviewers = ["alice"],
    };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Kinds => ["github", "gitlab", "azure"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_request_is_opened_and_found_again(string kind)
    {
        var state = new FakeForge(kind);
        await using var server = await HttpScript.StartAsync(state.Answer);

        var first = await Forge(server, kind).FindOrCreateAsync(Proposal, Stop);
        var second = await Forge(server, kind).FindOrCreateAsync(Proposal, Stop);

        Assert.False(first.Existing);
        Assert.True(second.Existing);
        Assert.Equal((first.Url, first.Number), (second.Url, second.Number));
        Assert.Equal(7, first.Number);
        Assert.Empty(first.Notes);
        Assert.Equal(1, state.Created);
        Assert.Equal((Proposal.Title, Proposal.Description, false), (state.Title, state.Description, first.Draft));
        Assert.Equal("ai,后端", state.Labels);
        Assert.Equal("alice", state.Reviewers);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_race_that_is_lost_finds_the_winners(string kind)
    {
        var state = new FakeForge(kind) { HideOnce = true };
        state.Open("by the winner");
        await using var server = await HttpScript.StartAsync(state.Answer);
        var found = await Forge(server, kind).FindOrCreateAsync(Proposal, Stop);
        Assert.True(found.Existing);
        Assert.Equal(0, state.Created);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_draft_is_opened_as_one(string kind)
    {
        var state = new FakeForge(kind);
        await using var server = await HttpScript.StartAsync(state.Answer);
        Assert.True((await Forge(server, kind).FindOrCreateAsync(Proposal with { Draft = true }, Stop)).Draft);
    }

    [Fact]
    public async Task Where_github_knows_no_drafts_the_title_says_it()
    {
        var state = new FakeForge("github") { KnowsDrafts = false };
        await using var server = await HttpScript.StartAsync(state.Answer);
        Assert.False((await Forge(server, "github").FindOrCreateAsync(Proposal with { Draft = true }, Stop)).Draft);
        Assert.Equal("Draft: " + Proposal.Title, state.Title);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_request_of_another_branch_is_not_taken_for_ours(string kind)
    {
        var state = new FakeForge(kind) { IgnoreFilters = true };
        state.Open("another", source: "ai/other");
        await using var server = await HttpScript.StartAsync(state.Answer);
        Assert.False((await Forge(server, kind).FindOrCreateAsync(Proposal, Stop)).Existing);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_unknown_reviewer_is_a_note_and_no_failure(string kind)
    {
        var state = new FakeForge(kind) { KnowsReviewers = false };
        await using var server = await HttpScript.StartAsync(state.Answer);
        var opened = await Forge(server, kind).FindOrCreateAsync(Proposal, Stop);
        Assert.Contains(opened.Notes, note => note.Contains("reviewer", StringComparison.Ordinal));
        Assert.Equal(1, state.Created);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_token_is_shown_as_the_forge_wants_it(string kind)
    {
        var state = new FakeForge(kind);
        await using var server = await HttpScript.StartAsync(state.Answer);
        await Forge(server, kind).FindOrCreateAsync(Proposal, Stop);
        var expected = kind == "azure" ? "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(":" + Token)) : "Bearer " + Token;
        Assert.All(server.Requests, request => Assert.Equal(expected, request.Headers["Authorization"]));
        Assert.All(server.Requests, request => Assert.DoesNotContain(Token, request.Path, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("github", 401, FailureCodes.InvalidToken)]
    [InlineData("gitlab", 401, FailureCodes.InvalidToken)]
    [InlineData("azure", 203, FailureCodes.InvalidToken)]
    [InlineData("azure", 302, FailureCodes.InvalidToken)]
    [InlineData("github", 403, FailureCodes.Forbidden)]
    [InlineData("gitlab", 404, FailureCodes.RepositoryNotFound)]
    [InlineData("gitlab", 301, FailureCodes.AddressNotAllowed)]
    [InlineData("github", 307, FailureCodes.AddressNotAllowed)]
    [InlineData("gitlab", 400, FailureCodes.Configuration)]
    public async Task A_refusal_has_its_code_and_no_token_in_its_words(string kind, int status, string code)
    {
        await using var server = await HttpScript.StartAsync(_ => new Answer(
            status, $$"""{"message":"no, {{Token}}"}""", new() { ["Location"] = "http://169.254.169.254/" }));
        var failure = await FailureOf(server, kind);
        Assert.Equal(code, failure.Code);
        Assert.DoesNotContain(Token, failure.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_server_error_is_tried_three_times()
    {
        await using var server = await HttpScript.StartAsync(_ => new Answer(502));
        Assert.Equal(FailureCodes.ServerError, (await FailureOf(server, "gitlab")).Code);
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_error_that_passes_costs_nothing()
    {
        var state = new FakeForge("gitlab");
        var failures = 2;
        await using var server = await HttpScript.StartAsync(request => failures-- > 0 ? new Answer(503) : state.Answer(request));
        Assert.False((await Forge(server, "gitlab").FindOrCreateAsync(Proposal, Stop)).Existing);
    }

    [Theory]
    [InlineData(429, "Retry-After", "3600")]
    [InlineData(403, "Retry-After", "3600")]
    public async Task A_long_rate_limit_is_not_waited_for(int status, string header, string value)
    {
        await using var server = await HttpScript.StartAsync(_ => new Answer(status, "{}", new() { [header] = value }));
        var failure = await FailureOf(server, "github");
        Assert.Equal(FailureCodes.RateLimited, failure.Code);
        Assert.Equal(3600, failure.RetryAfter);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Githubs_exhausted_rate_limit_is_known_by_its_headers()
    {
        var reset = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds();
        await using var server = await HttpScript.StartAsync(_ => new Answer(
            403, "{}", new() { ["x-ratelimit-remaining"] = "0", ["x-ratelimit-reset"] = $"{reset}" }));
        Assert.Equal(FailureCodes.RateLimited, (await FailureOf(server, "github")).Code);
    }

    [Fact]
    public async Task A_callers_forge_on_a_private_address_is_not_called()
    {
        await using var server = await HttpScript.StartAsync(_ => new Answer(200, "[]"));
        var options = new AiCoderOptions { WorkspaceDir = "/w", StateDir = "/w/s" };
        var forge = new ForgeLocator(options, new AddressGuard(options), TimeProvider.System)
            .Locate(Spec($"http://127.0.0.1:{server.Port}/g/p.git"), new() { GitlabApiToken = Token });
        var failure = (await Assert.ThrowsAsync<FailureException>(() => forge.FindOrCreateAsync(Proposal, Stop))).Failure;
        Assert.Equal(FailureCodes.AddressNotAllowed, failure.Code);
        Assert.Empty(server.Requests);
    }

    private static async Task<Failure> FailureOf(HttpScript server, string kind) =>
        (await Assert.ThrowsAsync<FailureException>(() => Forge(server, kind).FindOrCreateAsync(Proposal, Stop))).Failure;

    private static IForge Forge(HttpScript server, string kind)
    {
        var options = new AiCoderOptions
        {
            WorkspaceDir = "/w", StateDir = "/w/s", AllowedNetworks = ["127.0.0.0/8"],
            GitHubHosts = kind == "github" ? ["127.0.0.1"] : [], GitLabHosts = kind == "gitlab" ? [$"127.0.0.1:{server.Port}"] : [],
        };
        var path = kind switch { "github" => "o/r.git", "gitlab" => "组/sub/p.git", _ => "tfs/Coll/Proj%20X/_git/repo" };
        return new ForgeLocator(options, new AddressGuard(options), TimeProvider.System)
            .Locate(Spec($"http://127.0.0.1:{server.Port}/{path}"), new() { Token = Token });
    }

    private static TaskSpec Spec(string address) => new() { TaskId = "t", RepoUrl = address, Intent = "i", WorkBranch = "ai/t", Model = "m" };
}
