namespace AiCoder.Core.Git;

/// <summary>What a remote said it has.</summary>
/// <param name="HeadBranch">The branch that HEAD names; null where it names none or the branch has no commit.</param>
/// <param name="Commits">Commits by reference (<c>refs/heads/…</c>), only those that were asked for.</param>
internal sealed record RemoteReferences(string? HeadBranch, IReadOnlyDictionary<string, string> Commits)
{
    private const string Branches = "refs/heads/";

    public string? CommitOf(string branch) => Commits.GetValueOrDefault(Branches + branch);

    /// <summary>Reads the output of <c>git ls-remote --symref</c>.</summary>
    public static RemoteReferences Parse(string output)
    {
        string? head = null;
        var commits = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split('\t', 2);
            if (parts.Length != 2)
                continue;
            const string Symbolic = "ref: " + Branches;
            if (parts[1] == "HEAD" && parts[0].StartsWith(Symbolic, StringComparison.Ordinal))
                head = parts[0][Symbolic.Length..];
            else if (parts[1] == "HEAD" || parts[1].StartsWith(Branches, StringComparison.Ordinal))
                commits[parts[1]] = parts[0];
        }
        return new(head, commits);
    }
}
