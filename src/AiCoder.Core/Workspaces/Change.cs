namespace AiCoder.Core.Workspaces;

public enum ChangeKind
{
    Created,
    Modified,
    Deleted,
    Renamed,
}

/// <summary>One changed file.</summary>
/// <param name="Kind">How it changed.</param>
/// <param name="Path">Its path after the change, relative, with forward slashes.</param>
/// <param name="OldPath">Its path before, where it was renamed.</param>
public sealed record Change(ChangeKind Kind, string Path, string? OldPath = null)
{
    /// <summary>As results and events say it: <c>modified: src/auth.py</c>.</summary>
    public override string ToString() => Kind switch
    {
        ChangeKind.Created => $"created: {Path}",
        ChangeKind.Deleted => $"deleted: {Path}",
        ChangeKind.Renamed => $"renamed: {OldPath} -> {Path}",
        _ => $"modified: {Path}",
    };
}
