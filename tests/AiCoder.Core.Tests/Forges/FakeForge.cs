using System.Text.Json.Nodes;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Forges;

/// <summary>A forge's API as its documentation describes it, with one project and at most one request at a time.</summary>
internal sealed class FakeForge(string kind)
{
    private readonly Lock _gate = new();
    private JsonObject? _open;

    public bool HideOnce { get; set; }
    public bool IgnoreFilters { get; init; }
    public bool KnowsDrafts { get; init; } = true;
    public bool KnowsReviewers { get; init; } = true;
    public int Created { get; private set; }
    public string? Title { get; private set; }
    public string? Description { get; private set; }
    public string? Labels { get; private set; }
    public string? Reviewers { get; private set; }

    /// <summary>A request that somebody else opened.</summary>
    public void Open(string title, string source = "ai/任务-1") => _open = Shape(title, source, draft: false);

    public Answer Answer(ReceivedRequest request)
    {
        lock (_gate)
        {
            var path = Uri.UnescapeDataString(request.Path.Split('?')[0]);
            var query = Uri.UnescapeDataString(request.Path.Contains('?', StringComparison.Ordinal) ? request.Path.Split('?')[1] : "");
            var body = request.Body.Length > 0 ? JsonNode.Parse(request.Body)!.AsObject() : null;
            return (kind, request.Method) switch
            {
                ("github", "GET") when path == "/api/v3/repos/o/r/pulls" => List(query.Contains("head=o:ai/任务-1", StringComparison.Ordinal)),
                ("github", "POST") when path == "/api/v3/repos/o/r/pulls" =>
                    Create((string)body!["title"]!, (string)body["body"]!, (string)body["head"]!, (bool)body["draft"]!, "A pull request already exists for o:x."),
                ("github", "POST") when path == "/api/v3/repos/o/r/issues/7/labels" => Label(string.Join(',', body!["labels"]!.AsArray().Select(one => (string?)one))),
                ("github", "POST") when path == "/api/v3/repos/o/r/pulls/7/requested_reviewers" => Review(body!),
                // GitLab wants the project's path as one part, so its slashes must have come escaped.
                ("gitlab", _) when path.EndsWith("/merge_requests", StringComparison.Ordinal) && !request.Path.StartsWith("/api/v4/projects/%E7%BB%84%2Fsub%2Fp/merge_requests", StringComparison.Ordinal) => new(404),
                ("gitlab", "GET") when path.StartsWith("/api/v4/users", StringComparison.Ordinal) => new(200, KnowsReviewers ? """[{"id":42}]""" : "[]"),
                ("gitlab", "GET") => List(query.Contains("source_branch=ai/任务-1", StringComparison.Ordinal)),
                ("gitlab", "POST") => CreateAtGitLab(body!),
                ("azure", "GET") when path == "/tfs/Coll/_apis/identities" => new(200, KnowsReviewers ? """{"value":[{"id":"id-of-alice"}]}""" : """{"value":[]}"""),
                ("azure", _) when path != "/tfs/Coll/Proj X/_apis/git/repositories/repo/pullrequests" => new(404),
                ("azure", "GET") => List(query.Contains("sourceRefName=refs/heads/ai/任务-1", StringComparison.Ordinal)),
                ("azure", "POST") => CreateAtAzure(body!),
                _ => new(404),
            };
        }
    }

    private Answer List(bool filtered)
    {
        var hide = HideOnce || _open is null || !(filtered || IgnoreFilters);
        HideOnce = false;
        var list = hide ? "[]" : $"[{_open!.ToJsonString()}]";
        return new(200, kind == "azure" ? $$"""{"value":{{list}}}""" : list);
    }

    private Answer Create(string title, string description, string source, bool draft, string conflict)
    {
        if (!KnowsDrafts && draft)
            return new(422, """{"message":"Draft pull requests are not supported in this repository."}""");
        if (_open is not null && !IgnoreFilters)
            return new(kind == "github" ? 422 : 409, new JsonObject { ["message"] = conflict }.ToJsonString());
        (Title, Description, Created) = (title, description, Created + 1);
        _open = Shape(title, source, draft);
        return new(201, _open.ToJsonString());
    }

    private Answer CreateAtGitLab(JsonObject body)
    {
        (Labels, Reviewers) = ((string?)body["labels"], (int?)body["reviewer_ids"]?[0] == 42 ? "alice" : null);
        var title = (string)body["title"]!;
        return Create(
            title, (string)body["description"]!, (string)body["source_branch"]!, title.StartsWith("Draft: ", StringComparison.Ordinal),
            "Another open merge request already exists for this source branch: !7");
    }

    private Answer CreateAtAzure(JsonObject body)
    {
        Labels = string.Join(',', (body["labels"] as JsonArray ?? []).Select(one => (string?)one!["name"]));
        Reviewers = (string?)body["reviewers"]?[0]?["id"] == "id-of-alice" ? "alice" : null;
        return Create(
            (string)body["title"]!, (string)body["description"]!, ((string)body["sourceRefName"]!)["refs/heads/".Length..], (bool)body["isDraft"]!,
            "TF401179: An active pull request for the source and target branch already exists.");
    }

    private Answer Label(string labels)
    {
        Labels = labels;
        _open!["labels"] = new JsonArray([.. labels.Split(',').Select(name => new JsonObject { ["name"] = name })]);
        return new(200, "[]");
    }

    private Answer Review(JsonObject body)
    {
        if (!KnowsReviewers)
            return new(422, """{"message":"Reviews may only be requested from collaborators."}""");
        Reviewers = (string?)body["reviewers"]![0];
        _open!["requested_reviewers"] = new JsonArray(new JsonObject { ["login"] = Reviewers });
        return new(201, "{}");
    }

    private JsonObject Shape(string title, string source, bool draft) => kind switch
    {
        "github" => new()
        {
            ["number"] = 7, ["html_url"] = "http://forge/o/r/pull/7", ["title"] = title, ["draft"] = draft,
            ["head"] = new JsonObject { ["ref"] = source }, ["base"] = new JsonObject { ["ref"] = "main" },
        },
        "gitlab" => new()
        {
            ["iid"] = 7, ["id"] = 7007, ["web_url"] = "http://forge/g/p/-/merge_requests/7", ["title"] = title, ["draft"] = draft,
            ["source_branch"] = source, ["target_branch"] = "main", ["source_project_id"] = 1, ["target_project_id"] = 1,
        },
        _ => new()
        {
            ["pullRequestId"] = 7, ["title"] = title, ["isDraft"] = draft,
            ["sourceRefName"] = "refs/heads/" + source, ["targetRefName"] = "refs/heads/main",
        },
    };
}
