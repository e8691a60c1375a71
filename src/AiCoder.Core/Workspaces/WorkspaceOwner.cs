namespace AiCoder.Core.Workspaces;

/// <summary>Who claimed an epoch, in its <c>owner.&lt;epoch&gt;</c>: for people, and by its id for the claimant to know it again.</summary>
internal sealed record WorkspaceOwner(string Host, int Process, DateTimeOffset ClaimedAt, string Id);
