namespace AiCoder.Server.OpenApi;

/// <summary>What the fields of a task request mean, by their JSON names.</summary>
internal static class FieldNotes
{
    public static IReadOnlyDictionary<string, string> Of { get; } = new Dictionary<string, string>
    {
        ["task_id"] = "Letters, digits, '.', '_' and '-', at most 100. Without one, an id is made up.",
        ["repo_url"] = "The repository: https, or ssh.",
        ["intent"] = "What is to be changed, in any language.",
        ["branch"] = "The base branch; default the remote's HEAD.",
        ["work_branch"] = "The branch that is pushed; default ai/<task_id>.",
        ["paths"] = "Sub-directories that the task may change; default all.",
        ["webhook_url"] = "Where events are sent; default the operator's.",
        ["webhook_secret"] = "What events to webhook_url are signed with.",
        ["gitlab_api_token"] = "For a repository on GitLab: to clone, push and open the merge request.",
        ["github_token"] = "For a repository on GitHub: to clone, push and open the pull request.",
        ["credentials"] = "How to log in to the repository's host.",
        ["engine"] = "Which agent codes.",
        ["model"] = "The model's name; default the operator's.",
        ["base_url"] = "An OpenAI-compatible endpoint of the caller's own; only together with api_key.",
        ["api_key"] = "The key of base_url.",
        ["max_iterations"] = "Rounds of coding and validation, 1 to 20.",
        ["pull_request"] = "Whether to open a pull or merge request, or how it is to look.",
        ["validation"] = "How the changes are validated; default what the repository shows.",
        ["limits"] = "What the task may spend.",
        ["approval"] = "What a person approves before it goes on.",
        ["on_validation_failure"] = "Whether changes that fail validation stay here or are pushed as a draft.",
        ["allow_ci_changes"] = "Whether files that steer the CI, and settings of coding agents, may be changed.",
        ["metadata"] = "The caller's own; comes back in the result and in every event.",
    };
}
