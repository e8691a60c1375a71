using System.Text;
using AiCoder.Core.Failures;
using AiCoder.Core.Git;

namespace AiCoder.Core.Workspaces;

/// <summary>The difference between two snapshots. Only reads.</summary>
internal sealed class TreeComparison(WorkspaceLayout layout, int epoch, GitProgram git, GitBounds bounds)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly byte[] SectionStart = "\ndiff --git "u8.ToArray();

    public async Task<IReadOnlyList<Change>> ChangesAsync(string fromTree, string toTree, CancellationToken cancellationToken) =>
        fromTree == toTree
            ? []
            : Parse(await RunAsync(["diff-tree", "-r", "-z", "-M", "--name-status", fromTree, toTree], binary: false, cancellationToken).ConfigureAwait(false));

    public async Task<string> PatchAsync(string fromTree, string toTree, CancellationToken cancellationToken)
    {
        if (fromTree == toTree)
            return "";
        string[] arguments = ["diff-tree", "-r", "-p", "-M", "--binary", "--full-index", "--no-ext-diff", "--no-textconv", fromTree, toTree];
        var patch = await RunAsync(arguments, binary: false, cancellationToken).ConfigureAwait(false);
        if (Decode(patch.Span) is { } text)
            return text;

        // Text in another encoding than UTF-8 would not survive in a string: those files go as binary patches.
        var sections = Sections(patch);
        var changes = await ChangesAsync(fromTree, toTree, cancellationToken).ConfigureAwait(false);
        var paths = changes.Zip(sections)
            .Where(pair => Decode(pair.Second.Span) is null)
            .SelectMany(pair => new[] { pair.First.OldPath, pair.First.Path })
            .OfType<string>()
            .ToArray();
        // A name that is no UTF-8 can't be asked for; then every file goes as a binary patch.
        var subset = changes.Count == sections.Count && !paths.Any(path => path.Contains('\ufffd', StringComparison.Ordinal));
        var asBinary = await RunAsync(subset ? [.. arguments, "--", .. paths] : arguments, binary: true, cancellationToken).ConfigureAwait(false);
        return subset
            ? string.Concat(sections.Select(section => Decode(section.Span))) + Encoding.UTF8.GetString(asBinary.Span)
            : Encoding.UTF8.GetString(asBinary.Span);
    }

    private async Task<ReadOnlyMemory<byte>> RunAsync(string[] arguments, bool binary, CancellationToken cancellationToken)
    {
        var environment = SnapshotRepository.ObjectsEnvironment(layout, epoch);
        environment["GIT_LITERAL_PATHSPECS"] = "1";
        if (binary)
            environment["GIT_DIR"] = SnapshotRepository.BinaryFolder(layout, epoch);
        var outcome = await git.RequireAsync(
            new()
            {
                Arguments = arguments,
                Configuration = binary ? [("core.quotePath", "true")] : [],
                Environment = environment,
                Timeout = bounds.Local,
            },
            cancellationToken).ConfigureAwait(false);
        return outcome.Output;
    }

    private static List<Change> Parse(ReadOnlyMemory<byte> output)
    {
        var fields = Encoding.UTF8.GetString(output.Span).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        var changes = new List<Change>();
        for (var at = 0; at + 1 < fields.Length;)
        {
            var (status, path) = (fields[at][0], fields[at + 1]);
            if (status is 'R' or 'C')
            {
                changes.Add(new(status == 'R' ? ChangeKind.Renamed : ChangeKind.Created, fields[at + 2], status == 'R' ? path : null));
                at += 3;
                continue;
            }
            changes.Add(new(status switch { 'A' => ChangeKind.Created, 'D' => ChangeKind.Deleted, _ => ChangeKind.Modified }, path));
            at += 2;
        }
        return changes;
    }

    private static string? Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>A patch, file by file. No line of a file's own begins with <c>diff</c>: each has a mark in front.</summary>
    private static List<ReadOnlyMemory<byte>> Sections(ReadOnlyMemory<byte> patch)
    {
        var sections = new List<ReadOnlyMemory<byte>>();
        while (!patch.IsEmpty)
        {
            var next = patch.Span.IndexOf(SectionStart);
            var length = next < 0 ? patch.Length : next + 1;
            sections.Add(patch[..length]);
            patch = patch[length..];
        }
        return sections;
    }
}
