using System.Text.RegularExpressions;

namespace AiCoder.Core.Validation;

/// <summary>Reads the names of failed tests out of what test runners print, so that two runs can be compared test by test.</summary>
public static partial class FailedTestNames
{
    /// <summary>The most that are kept.</summary>
    public const int Limit = 300;
    private const int NameLimit = 200;

    /// <summary>The names, without durations and line numbers, in order of appearance.</summary>
    public static IReadOnlyList<string> In(string output)
    {
        var names = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var mocha = output.Contains(" failing", StringComparison.Ordinal);
        foreach (var raw in output.Split('\n'))
        {
            var line = Colors().Replace(raw.TrimEnd('\r'), "");
            if (NameIn(line, mocha) is not { Length: > 0 } name)
                continue;
            if (name.Length > NameLimit)
                name = name[..NameLimit];
            if (seen.Add(name))
                names.Add(name);
            if (names.Count == Limit)
                break;
        }

        return names;
    }

    private static string? NameIn(string line, bool mocha)
    {
        if (line.Length is 0 or > 2000)
            return null;
        if (Tap().Match(line) is { Success: true } tap)
            return TapDirective().IsMatch(line) ? null : tap.Groups[1].Value.Trim();

        foreach (var pattern in Patterns())
        {
            if (pattern.Match(line) is { Success: true } match)
                return match.Groups[1].Value.Trim();
        }

        return mocha && Mocha().Match(line) is { Success: true } numbered ? numbered.Groups[1].Value.Trim() : null;
    }

    private static Regex[] Patterns() =>
    [
        Pytest(), Unittest(), NodeSpec(), GoTest(), GoPackage(), CargoTest(), DotNetTest(), XunitTest(), JestTest(), JestFile(), Surefire(), Gradle(),
        CTest(), PhpUnit(), RSpec(), Minitest(),
    ];

    [GeneratedRegex(@"\x1B\[[0-9;]*[A-Za-z]")]
    private static partial Regex Colors();

    [GeneratedRegex(@"^\s*not ok \d+ -? ?(.+?)(?:\s+# .*)?$")]
    private static partial Regex Tap();

    [GeneratedRegex(@"#\s*(SKIP|TODO)\b", RegexOptions.IgnoreCase)]
    private static partial Regex TapDirective();

    [GeneratedRegex(@"^(?:FAILED|ERROR) ([^\s:]+\.py(?:::.+?)?)(?: - .*)?$")]
    private static partial Regex Pytest();

    [GeneratedRegex(@"^(?:FAIL|ERROR): (\S+ \([\w.]+\)(?: .*)?)$")]
    private static partial Regex Unittest();

    [GeneratedRegex(@"^\s*✖ (?!failing tests:)(.+?)(?: \(\d[\d.]*ms\))?$")]
    private static partial Regex NodeSpec();

    [GeneratedRegex(@"^\s*--- FAIL: (\S+)")]
    private static partial Regex GoTest();

    [GeneratedRegex(@"^FAIL\t(\S+) \[(?:build|setup) failed\]")]
    private static partial Regex GoPackage();

    [GeneratedRegex(@"^test (.+?) \.\.\. FAILED$")]
    private static partial Regex CargoTest();

    [GeneratedRegex(@"^\s*[Ff]ailed (\S.*?) \[?\(?(?:< )?[\d.,]+ ?m?s\]?\)?$")]
    private static partial Regex DotNetTest();

    [GeneratedRegex(@"^\[xUnit\.net [\d:.]+\]\s+(.+?) \[FAIL\]$")]
    private static partial Regex XunitTest();

    [GeneratedRegex(@"^\s*● (?!Test suite failed|Console)(.+)$")]
    private static partial Regex JestTest();

    [GeneratedRegex(@"^\s*FAIL\s+(\S+\.[cm]?[jt]sx?(?: > .+)?)(?: \([\d.]+ m?s\))?$")]
    private static partial Regex JestFile();

    [GeneratedRegex(@"^\[ERROR\]\s+(\S+?)\s+(?:--\s+)?Time elapsed:.*<<< (?:FAILURE|ERROR)!")]
    private static partial Regex Surefire();

    [GeneratedRegex(@"^(\S+ > .+) FAILED$")]
    private static partial Regex Gradle();

    [GeneratedRegex(@"^\s+\d+ - (\S+) \((?:Failed|Timeout|SEGFAULT|Exception|Not Run|Subprocess aborted|ILLEGAL|BAD_COMMAND)[^)]*\)")]
    private static partial Regex CTest();

    [GeneratedRegex(@"^\d+\) ([\w\\]+::\w+.*)$")]
    private static partial Regex PhpUnit();

    [GeneratedRegex(@"^rspec \S+ # (.+)$")]
    private static partial Regex RSpec();

    [GeneratedRegex(@"^\s*(\w+#test_\w+)(?: \[|:$)")]
    private static partial Regex Minitest();

    [GeneratedRegex(@"^\s+\d+\) (.+?):?$")]
    private static partial Regex Mocha();
}
