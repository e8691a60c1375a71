using System.Globalization;

namespace AiCoder.Core.Workspaces;

/// <summary>
/// Where things stand in a task's folder:
/// <code>
/// work/N/                the work tree of epoch N, with a .git of its own for whoever runs there
/// home/N/                the HOME of what runs in the sandbox
/// state/owner.N          the claim
/// state/transcript.N.jsonl
/// state/snapshot.N       the id of the epoch's last snapshot tree
/// state/git.N/           the epoch's git directory: index, references, commits
/// state/objects/         the snapshots' objects, named by their content, so that epochs can share them
/// state/clones/N-k/      the k-th finished clone of epoch N; nothing writes there any more
/// </code>
/// </summary>
internal sealed class WorkspaceLayout(string taskFolder)
{
    private const string OwnerPrefix = "owner.";
    private const string TranscriptPrefix = "transcript.";
    private const string TranscriptSuffix = ".jsonl";
    private const string SnapshotPrefix = "snapshot.";
    private const string PartialSuffix = ".partial";

    public string Task => taskFolder;

    public string State => Path.Combine(taskFolder, "state");

    public string Objects => Path.Combine(State, "objects");

    public string Clones => Path.Combine(State, "clones");

    public string Work(int epoch) => Path.Combine(taskFolder, "work", Text(epoch));

    public string Home(int epoch) => Path.Combine(taskFolder, "home", Text(epoch));

    public string Owner(int epoch) => Path.Combine(State, OwnerPrefix + Text(epoch));

    public string Transcript(int epoch) => Path.Combine(State, TranscriptPrefix + Text(epoch) + TranscriptSuffix);

    public string Snapshot(int epoch) => Path.Combine(State, SnapshotPrefix + Text(epoch));

    public string GitFolder(int epoch) => Path.Combine(State, "git." + Text(epoch));

    /// <summary>A folder's name that no other clone has, for while it is made.</summary>
    public string NewClone(int epoch)
    {
        Directory.CreateDirectory(Clones);
        return Path.Combine(Clones, $"{Text(epoch)}-{Guid.NewGuid():n}{PartialSuffix}");
    }

    /// <summary>Gives a whole clone its name, by which it is found from now on.</summary>
    public void FinishClone(int epoch, string partial)
    {
        for (var number = 1; ; number++)
        {
            var final = Path.Combine(Clones, $"{Text(epoch)}-{Text(number)}");
            if (Directory.Exists(final))
                continue;
            try
            {
                Directory.Move(partial, final);
                return;
            }
            catch (IOException) when (Directory.Exists(final))
            {
                // Another clone of this epoch was finished in the same instant.
            }
        }
    }

    /// <summary>The finished clones, the newest last.</summary>
    public IReadOnlyList<string> FinishedClones() =>
        !Directory.Exists(Clones)
            ? []
            : [.. Directory.EnumerateDirectories(Clones)
                .Where(path => !path.EndsWith(PartialSuffix, StringComparison.Ordinal))
                .OrderBy(path => Number(Path.GetFileName(path).Split('-')[0]))
                .ThenBy(path => Number(Path.GetFileName(path).Split('-')[^1]))];

    /// <summary>The newest epoch that was claimed; 0: none.</summary>
    public int NewestEpoch() => Numbers(OwnerPrefix, "").DefaultIfEmpty().Max();

    /// <summary>The newest epoch below a bound that has a transcript; 0: none.</summary>
    public int NewestTranscript(int below) => Numbers(TranscriptPrefix, TranscriptSuffix).Where(number => number < below).DefaultIfEmpty().Max();

    /// <summary>The newest epoch that recorded a snapshot; 0: none.</summary>
    public int NewestSnapshot() => Numbers(SnapshotPrefix, "").DefaultIfEmpty().Max();

    private IEnumerable<int> Numbers(string prefix, string suffix) =>
        !Directory.Exists(State)
            ? []
            : Directory.EnumerateFiles(State, prefix + "*" + suffix)
                .Select(Path.GetFileName)
                .Select(name => Number(name!.AsSpan(prefix.Length, name!.Length - prefix.Length - suffix.Length)))
                .Where(number => number > 0);

    private static int Number(ReadOnlySpan<char> text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
