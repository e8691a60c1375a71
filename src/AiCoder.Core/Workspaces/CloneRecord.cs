using System.Text.Json;

namespace AiCoder.Core.Workspaces;

/// <summary>What a finished clone says about itself, in its <c>clone.json</c>.</summary>
/// <param name="Remote">The repository's address without user information.</param>
/// <param name="HeadBranch">The branch that the remote's HEAD names; null where it names none.</param>
/// <param name="BaseBranch">The branch that was cloned.</param>
/// <param name="BaseCommit">Its head.</param>
/// <param name="Tree">The base commit's tree.</param>
/// <param name="WorkBranch">The branch the task pushes.</param>
internal sealed record CloneRecord(string Remote, string? HeadBranch, string BaseBranch, string BaseCommit, string Tree, string WorkBranch)
{
    private const string FileName = "clone.json";

    public static CloneRecord? Read(string clone)
    {
        var path = Path.Combine(clone, FileName);
        return File.Exists(path) ? JsonSerializer.Deserialize<CloneRecord>(File.ReadAllBytes(path), AiCoderJson.Options) : null;
    }

    public Task WriteAsync(string clone, CancellationToken cancellationToken) =>
        DurableFile.WriteAsync(
            Path.Combine(clone, FileName), JsonSerializer.SerializeToUtf8Bytes(this, AiCoderJson.Options), cancellationToken);
}
