using AiCoder.Core.Tools;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Agent;

/// <summary>
/// Keeps out of the snapshots what a command changed although the task may not: continuous integration, agents' settings, what lies
/// outside the task's paths. It never writes in the work tree, where something may still run.
/// </summary>
/// <param name="workspace">The task's workspace.</param>
/// <param name="scope">What may be changed.</param>
internal sealed class ScopeGuard(Workspace workspace, PathScope scope)
{
    private const int LongestShown = 200;

    // Where a file went that was moved to where it may not be, and where it was.
    private Dictionary<string, string> _moved = new(StringComparer.Ordinal);

    /// <summary>What a reader of the task's result should know of a refused path.</summary>
    public static string Note(string path) => $"The model tried to change {path}, which this task may not change; it was left as it is.";

    /// <summary>What a reader should know of an attempt on <c>.git</c>, or on what lies outside of the repository.</summary>
    public static string ForbiddenNote(string path)
    {
        // The model's own words, which end up on a page of the forge.
        var shown = string.Concat(path.Where(character => !char.IsControl(character)));
        return $"The model tried to reach {TextLimit.Cut(shown, LongestShown)}, which no task may touch; it got nothing there.";
    }

    /// <summary>What the model is told of what was put back.</summary>
    public static string TakenBack(IReadOnlyList<string> refused) =>
        $"Taken back, because this task may not change them: {string.Join(", ", refused)}.";

    /// <summary>What the model is told of what is put back later.</summary>
    public static string NotTaken(IReadOnlyList<string> refused) =>
        $"Not taken, because this task may not change them: {string.Join(", ", refused)}. The result has them as they were; what stands there now is put back when you end.";

    /// <summary>
    /// A snapshot of the work tree after an answer's tools, without what a command changed although the task may not. The work tree
    /// keeps that until a snapshot is checked out, and until then it is named each time. After a command it is yet to be kept.
    /// </summary>
    /// <param name="before">The snapshot before them.</param>
    /// <param name="changed">What tools changed by name (<see cref="Workspace.SnapshotAsync(IReadOnlyCollection{string}?, CancellationToken)"/>).</param>
    /// <param name="anything">A command ran, which may have changed anything.</param>
    /// <param name="cancellationToken">Ends it; the work tree is then marked as not like any snapshot.</param>
    public async Task<(string Tree, IReadOnlyList<string> Refused)> SnapshotAsync(
        string before, IReadOnlyCollection<string> changed, bool anything, CancellationToken cancellationToken)
    {
        if (!anything)
            return (await workspace.SnapshotAsync(changed, cancellationToken).ConfigureAwait(false), []);
        IReadOnlyList<string> refused = [];
        var tree = await workspace.SnapshotAsync(
            changed,
            before,
            changes =>
            {
                refused = Refused(changes);
                return refused.Concat(MovedAway(changes, refused.ToHashSet(StringComparer.Ordinal))).ToHashSet(StringComparer.Ordinal);
            },
            cancellationToken).ConfigureAwait(false);
        return (tree, refused);
    }

    /// <summary>Makes a snapshot the newest that is shown of the task, once what was seen can be trusted.</summary>
    public Task KeepAsync(string tree, CancellationToken cancellationToken) => workspace.KeepAsync(tree, cancellationToken);

    private List<string> Refused(IReadOnlyList<Change> changes) =>
    [
        .. changes
            .SelectMany(change => change.OldPath is { } old ? [old, change.Path] : new[] { change.Path })
            .Where(path => scope.Refusal(path) is not null)
            .Distinct(StringComparer.Ordinal),
    ];

    /// <summary>
    /// What was moved to where it may not be stays where it was, or it would be lost; also where the copy is changed later so much
    /// that nobody would know it again.
    /// </summary>
    private IEnumerable<string> MovedAway(IReadOnlyList<Change> changes, HashSet<string> refused)
    {
        var gone = changes.Select(change => change.Kind == ChangeKind.Deleted ? change.Path : change.OldPath).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var moved = _moved.Where(move => refused.Contains(move.Key) && gone.Contains(move.Value)).ToDictionary(StringComparer.Ordinal);
        foreach (var change in changes.Where(change => change.OldPath is not null && refused.Contains(change.Path)))
            moved[change.Path] = change.OldPath!;
        _moved = moved;
        return moved.Values;
    }
}
