using System.Globalization;
using System.Text;
using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Tools;
using AiCoder.Core.Workspaces;
using LibGit2Sharp;
using ChangeKind = AiCoder.Core.Workspaces.ChangeKind;

namespace AiCoder.Core.Commits;

/// <summary>
/// Looks at what would be committed. Scratch files are left out and named; secrets, files over 10 MB and paths that the task may not
/// touch refuse the whole commit, because leaving out half of a change would break it.
/// </summary>
/// <param name="scanner">Finds secrets by their shape.</param>
/// <param name="operatorSecrets">The service's own secrets.</param>
/// <param name="taskSecrets">The request's.</param>
internal sealed class ContentCheck(SecretScanner scanner, IEnumerable<string> operatorSecrets, TaskSecrets taskSecrets)
{
    /// <summary>The largest file that is committed, in bytes.</summary>
    public const long LargestFile = 10 * 1024 * 1024;

    private const int MostRefusals = 20;
    private const int MostNames = 20;

    private readonly (string Name, SecretRedactor Redactor)[] _known =
    [
        .. taskSecrets.All.Where(secret => secret.Value.Length >= SecretRedactor.ShortestSure).Select(secret => ($"the request's {secret.Name}", new SecretRedactor([secret.Value]))),
        ("a secret of this service", new SecretRedactor(operatorSecrets.Where(secret => secret.Length >= SecretRedactor.ShortestSure))),
    ];

    /// <summary>Checks the change from the base to a snapshot.</summary>
    /// <returns>What is to be committed.</returns>
    /// <exception cref="FailureException"><c>code/content_refused</c>, <c>code/no_changes</c>.</exception>
    public async Task<CheckedContent> RunAsync(Workspace workspace, CommitInput input, CancellationToken cancellationToken)
    {
        using var trees = new SnapshotTrees(workspace);
        var before = input.Source.Tree;
        var changes = await workspace.DiffAsync(before, input.Tree, cancellationToken).ConfigureAwait(false);
        var planned = new PlannedFiles(input.Plan);
        var notes = new List<string>();

        var scratch = changes
            .Where(change => change.Kind == ChangeKind.Created && !planned.Contains(change.Path))
            .Select(change => (change.Path, Root: RootOfScratch(trees, input, change.Path)))
            .Where(file => file.Root is not null)
            .ToArray();
        var tree = input.Tree;
        if (scratch.Length > 0)
        {
            tree = await trees.WithoutAsync(tree, [.. scratch.Select(file => file.Path)], cancellationToken).ConfigureAwait(false);
            changes = await workspace.DiffAsync(before, tree, cancellationToken).ConfigureAwait(false);
            notes.Add("Left out of the commit as build output or scratch: " + Named(scratch.GroupBy(file => file.Root!)
                .Select(group => group.Count() > 1 ? $"{group.Key} ({group.Count()} files)" : group.First().Path)) + ".");
        }

        if (changes.Count == 0)
        {
            throw new FailureException(
                FailureCodes.NoChanges,
                "There is nothing to commit: no file differs from the base" + (notes.Count > 0 ? $", apart from what is never committed. {notes[0]}" : "."));
        }

        var scope = await PathScope.OfAsync(input.Spec, workspace, before, cancellationToken).ConfigureAwait(false);
        Refuse(trees, scope, before, tree, changes, cancellationToken);
        var unplanned = changes.Where(change => !planned.Contains(change.Path) && !(change.OldPath is { } old && planned.Contains(old))).ToArray();
        if (unplanned.Length > 0 && !planned.IsEmpty)
            notes.Add("Changed besides the plan: " + Named(unplanned.Select(change => change.Path)) + ".");
        return new(tree, changes, notes);
    }

    private static string? RootOfScratch(SnapshotTrees trees, CommitInput input, string path)
    {
        var root = ScratchFiles.RootOf(path);
        // A repository that keeps its node_modules wants them.
        if (root is not null)
            return root.EndsWith('/') && trees.Find(input.Source.Tree, root.TrimEnd('/')) is not null ? null : root;
        return trees.Find(input.Tree, path)?.Target is Blob { Size: > 4 } blob && ScratchFiles.IsProgram(SnapshotTrees.Read(blob, 4096)) ? path : null;
    }

    private void Refuse(
        SnapshotTrees trees, PathScope scope, string before, string tree, IReadOnlyList<Change> changes, CancellationToken cancellationToken)
    {
        var known = new Lazy<HashSet<string>>(() => OldFindings(trees, before, changes));
        var refusals = new List<string>();
        foreach (var change in changes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var path in change.OldPath is { } old ? [old, change.Path] : new[] { change.Path })
            {
                if (scope.Refusal(path) is { } refusal)
                    refusals.Add(refusal);
            }

            if (change.Kind == ChangeKind.Deleted)
                continue;
            var entries = trees.FindAll(tree, change.Path);
            if (GitInternals.IsOne(change.Path))
                refusals.Add($"{change.Path} is one of git's own files.");
            else if (entries.Count == 0)
                refusals.Add($"{change.Path} can't be looked at; give the file another name.");
            foreach (var blob in entries.Select(entry => entry.Target).OfType<Blob>())
                refusals.AddRange(RefusalsOf(trees, before, change, blob, known));
            if (refusals.Count >= MostRefusals)
                break;
        }

        if (refusals.Count > 0)
        {
            throw new FailureException(
                FailureCodes.ContentRefused,
                "The commit was refused and nothing was pushed: " + string.Join(" ", refusals.Distinct().Take(MostRefusals)));
        }
    }

    private IEnumerable<string> RefusalsOf(SnapshotTrees trees, string before, Change change, Blob blob, Lazy<HashSet<string>> known)
    {
        var oldBlob = trees.Find(before, change.OldPath ?? change.Path)?.Target as Blob;
        if (blob.Size > LargestFile)
        {
            // A repository that keeps such files may go on doing so.
            if (!(oldBlob?.Size > LargestFile))
                yield return string.Create(CultureInfo.InvariantCulture, $"{change.Path} has {blob.Size / 1048576.0:F1} MB; files over {LargestFile / 1048576} MB are not committed.");
            yield break;
        }

        var text = Decode(SnapshotTrees.Read(blob, LargestFile));
        var findings = scanner.Scan(text);
        foreach (var finding in findings.Where(finding => !known.Value.Contains(finding.Value)))
            yield return $"{change.Path}:{finding.Line} holds what looks like a secret ({finding.Kind}); take it out, and read it from the environment instead.";

        foreach (var (name, redactor) in _known)
        {
            if (redactor.IndexOf(change.Path) >= 0)
                yield return $"A file's name holds {name}.";
            var index = redactor.IndexOf(text);
            if (index >= 0 && !(oldBlob is not null && redactor.IndexOf(Decode(SnapshotTrees.Read(oldBlob, LargestFile))) >= 0))
                yield return $"{change.Path}:{1 + text.AsSpan(0, index).Count('\n')} holds {name}.";
        }
    }

    /// <summary>What the changed files held before: a secret that was moved was in the repository already.</summary>
    private HashSet<string> OldFindings(SnapshotTrees trees, string before, IReadOnlyList<Change> changes)
    {
        var values = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in changes.Where(change => change.Kind != ChangeKind.Created).Select(change => change.OldPath ?? change.Path))
        {
            if (trees.Find(before, path)?.Target is Blob { Size: <= LargestFile } blob)
                values.UnionWith(scanner.Scan(Decode(SnapshotTrees.Read(blob, LargestFile))).Select(finding => finding.Value));
        }

        return values;
    }

    private static string Decode(byte[] content) => content switch
    {
        [0xFF, 0xFE, ..] => Encoding.Unicode.GetString(content),
        [0xFE, 0xFF, ..] => Encoding.BigEndianUnicode.GetString(content),
        // ASCII, in which every secret is written, survives whatever else the encoding is.
        _ => Encoding.UTF8.GetString(content),
    };

    private static string Named(IEnumerable<string> names)
    {
        var all = names.Order(StringComparer.Ordinal).ToArray();
        return string.Join(", ", all.Take(MostNames)) + (all.Length > MostNames ? $" and {all.Length - MostNames} more" : "");
    }
}

/// <summary>What is to be committed.</summary>
/// <param name="Tree">The commit's tree.</param>
/// <param name="Changes">Against the base.</param>
/// <param name="Notes">What was left out, and what is outside of the plan.</param>
internal sealed record CheckedContent(string Tree, IReadOnlyList<Change> Changes, IReadOnlyList<string> Notes);
