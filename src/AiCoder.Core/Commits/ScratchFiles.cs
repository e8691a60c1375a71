using System.Text.RegularExpressions;

namespace AiCoder.Core.Commits;

/// <summary>Build output and files that were made on the way, by their names: nobody wants them in a commit.</summary>
internal static partial class ScratchFiles
{
    // Whatever lies in one of them.
    private static readonly HashSet<string> Folders = new(StringComparer.Ordinal)
    {
        "node_modules", "bower_components", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".tox", ".nox", ".venv", "venv",
        ".eggs", "htmlcov", ".ipynb_checkpoints", ".gradle", ".kotlin", ".nyc_output", ".next", ".nuxt", ".svelte-kit", ".parcel-cache", ".turbo", ".cache",
        ".angular", ".vs", "TestResults", "CMakeFiles", ".bundle", ".npm", ".phpunit.cache", ".dart_tool", ".terraform",
    };

    /// <summary>
    /// The file or folder that makes a path scratch (<c>web/node_modules/</c>), so that a note can name it once; null: it is none.
    /// </summary>
    public static string? RootOf(string path)
    {
        var parts = path.Split('/');
        for (var index = 0; index < parts.Length - 1; index++)
        {
            var next = parts[index + 1];
            var scratch = Folders.Contains(parts[index]) || parts[index].EndsWith(".egg-info", StringComparison.Ordinal) || parts[index] switch
            {
                "bin" => next is "Debug" or "Release",
                "obj" => next is "Debug" or "Release" or "project.assets.json" || next.Contains(".nuget.", StringComparison.Ordinal) || next == "project.nuget.cache",
                "target" => next is "debug" or "release" or "classes" or "test-classes" or "surefire-reports" or "maven-status" or "maven-archiver" or "generated-sources" or "CACHEDIR.TAG" or ".rustc_info.json",
                "build" => next is "classes" or "tmp" or "reports" or "test-results" or "libs" or "CMakeCache.txt" or "cmake_install.cmake",
                "coverage" => next is "lcov.info" or "lcov-report" or "coverage-final.json" or "clover.xml" or "index.html",
                "tmp" or "temp" or ".tmp" => index == 0,
                _ => false,
            };
            if (scratch)
                return string.Join('/', parts[..(index + 1)]) + "/";
        }

        // A log or an object file among test data is there to be read by a test.
        return (FileName().IsMatch(parts[^1]) && !TestData().IsMatch(path)) || (parts.Length == 1 && RootScript().IsMatch(path)) ? path : null;
    }

    /// <summary>Whether a file is a program or a memory image: what a build or a crash leaves (ELF, Mach-O, PE).</summary>
    public static bool IsProgram(ReadOnlySpan<byte> content) =>
        content.StartsWith("\u007fELF"u8) || content.StartsWith("MZ"u8) && content.IndexOf("PE\0\0"u8) > 0
        || content.StartsWith((ReadOnlySpan<byte>)[0xCF, 0xFA, 0xED, 0xFE]) || content.StartsWith((ReadOnlySpan<byte>)[0xCA, 0xFE, 0xBA, 0xBE]);

    [GeneratedRegex(
        @"^(?:.+\.(?:pyc|pyo|class|o|orig|rej|swp|swo|tmp|bak|log|gcda|gcno|tsbuildinfo|profraw|dmp|stackdump)|.+~|nohup\.out|a\.out|core\.\d+|vgcore\.\d+"
        + @"|hs_err_pid\d+\.log|\.DS_Store|Thumbs\.db|\.eslintcache|\.stylelintcache|\.coverage(?:\..+)?|CMakeCache\.txt|cmake_install\.cmake"
        + @"|npm-debug\.log.*|yarn-error\.log|\.aider.*|cover\.out|coverage\.out)$")]
    private static partial Regex FileName();

    [GeneratedRegex(@"(?:^|/)_*(?:fixtures?|test[-_]?data|samples?|examples?|golden|snapshots?|resources)_*/", RegexOptions.IgnoreCase)]
    private static partial Regex TestData();

    [GeneratedRegex(@"^(?:tmp|temp|scratch|debug)(?:[-_.].*|\d*)?\.(?:py|js|mjs|cjs|ts|sh|bash|rb|pl|php|go|java|cs|c|cpp|txt|json|md|patch|diff|out|csv)$|^(?:patch|changes|diff)\.(?:patch|diff)$|^.+[-_](?:tmp|temp|scratch)\.(?:py|js|ts|sh|txt|json|out)$", RegexOptions.IgnoreCase)]
    private static partial Regex RootScript();
}
