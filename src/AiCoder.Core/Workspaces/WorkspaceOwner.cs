namespace AiCoder.Core.Workspaces;

/// <summary>Who claimed an epoch, in its <c>owner.&lt;epoch&gt;</c>: for people, nothing reads it.</summary>
internal sealed record WorkspaceOwner(string Host, int Process, DateTimeOffset ClaimedAt);
