using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AiCoder.Core.Models;
using Microsoft.Extensions.FileSystemGlobbing;

namespace AiCoder.Core.Tools;

internal sealed class SearchTool(WorkTreePaths paths, WorkTreeWalker walker, TimeProvider time) : ITool
{
    private const int MaxMatches = 100;
    private const int MaxLineLength = 250;
    private const int MaxCharacters = 15_000;
    private const int MaxFileSize = 2 * 1024 * 1024;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    // Only for patterns that need backtracking; a line that takes longer is passed over.
    private static readonly TimeSpan LineBound = TimeSpan.FromMilliseconds(200);

    public ToolDefinition Definition { get; } = new(
        "search",
        "Search file contents with a regular expression, line by line.",
        """{"type":"object","properties":{"pattern":{"type":"string"},"path":{"type":"string","description":"Folder or file; default the root"},"glob":{"type":"string","description":"Such as *.py or src/**/*.ts"}},"required":["pattern"]}""");

    public async Task<ToolResult> RunAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var expression = Compile(arguments.Required("pattern"));
        var place = paths.Resolve(arguments.Optional("path") is { Length: > 0 } path ? path : ".");
        var glob = Glob(arguments.Optional("glob"));
        if (!Directory.Exists(place.Absolute) && !File.Exists(place.Absolute))
            throw new ToolException($"There is no {place.Relative}. {WorkTreeFiles.Suggestion(place)}");

        IEnumerable<WorkTreeEntry> files = Directory.Exists(place.Absolute)
            ? walker.Files(place, cancellationToken)
            : [new(place, WorkTreeEntryKind.File, 0, null)];
        var started = time.GetTimestamp();
        var text = new StringBuilder();
        var (matches, large) = (0, 0);
        foreach (var file in files)
        {
            // Also where the glob takes none: going through the folders takes its time as well.
            if (time.GetElapsedTime(started) > Bound)
                return Stopped();
            if (!(glob?.Match(file.Path.Relative).HasMatches ?? true))
                continue;
            if (file.Length > MaxFileSize)
            {
                large++;
                continue;
            }

            matches = await SearchAsync(file.Path, expression, text, matches, started, cancellationToken).ConfigureAwait(false);
            if (matches >= MaxMatches || text.Length >= MaxCharacters)
                return new(string.Create(CultureInfo.InvariantCulture, $"{text}(stopped after {matches} matches; narrow the search with path or glob)"));
        }

        if (time.GetElapsedTime(started) > Bound)
            return Stopped();
        if (matches == 0)
            text.Append("No match.\n");
        if (large > 0)
            text.Append(CultureInfo.InvariantCulture, $"({large} files larger than {MaxFileSize >> 20} MB were left out; name one as path to search it)\n");
        return new(text.ToString().TrimEnd('\n'));

        ToolResult Stopped() => new($"{text}(stopped after {Bound.TotalSeconds} seconds; narrow the search with path or glob)");
    }

    private async Task<int> SearchAsync(WorkTreePath path, Regex expression, StringBuilder text, int matches, long started, CancellationToken cancellationToken)
    {
        if (await ReadAsync(path, cancellationToken).ConfigureAwait(false) is not { } file)
            return matches;
        var number = 0;
        foreach (var line in new LineEndingView(file.Text).Text.Split('\n'))
        {
            number++;
            // A pattern that backtracks may take its bound on each of many lines.
            if (time.GetElapsedTime(started) > Bound)
                break;
            if (Match(expression, line) is not { } at)
                continue;
            text.Append(CultureInfo.InvariantCulture, $"{path.Relative}:{number}: {Shown(line, at)}\n");
            if (++matches >= MaxMatches || text.Length >= MaxCharacters)
                break;
        }

        return matches;
    }

    private static async Task<TextFile?> ReadAsync(WorkTreePath path, CancellationToken cancellationToken)
    {
        try
        {
            return TextFile.TryDecode(await WorkTreeFiles.ReadAsync(path, cancellationToken).ConfigureAwait(false));
        }
        catch (ToolException)
        {
            // A file that can't be read has no match; the search goes on.
            return null;
        }
    }

    /// <summary>Where a line matches; null: it doesn't.</summary>
    private static int? Match(Regex expression, string line)
    {
        try
        {
            return !expression.IsMatch(line) ? null : line.Length <= MaxLineLength ? 0 : expression.Match(line).Index;
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
    }

    /// <summary>The line, or of a long one the part with the match.</summary>
    private static string Shown(string line, int at)
    {
        if (line.Length <= MaxLineLength)
            return line;
        var start = Math.Clamp(at - (MaxLineLength / 4), 0, line.Length - MaxLineLength);
        return TextLimit.Cut(TextLimit.CutStart(line, line.Length - start), MaxLineLength);
    }

    private static Regex Compile(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, LineBound);
        }
        catch (NotSupportedException)
        {
            // Lookarounds and back references need the other engine, which the bound keeps in check.
            return new Regex(pattern, RegexOptions.CultureInvariant, LineBound);
        }
        catch (ArgumentException exception)
        {
            throw new ToolException($"The pattern is no regular expression ({exception.Message}). Escape special characters with a backslash, for example \\( or \\[.");
        }
    }

    private static Matcher? Glob(string? glob)
    {
        if (string.IsNullOrWhiteSpace(glob))
            return null;
        var matcher = new Matcher(StringComparison.OrdinalIgnoreCase);
        // As people mean it: a pattern without a folder matches at any depth.
        matcher.AddInclude(glob.Contains('/', StringComparison.Ordinal) ? glob.TrimStart('/') : $"**/{glob}");
        return matcher;
    }
}
