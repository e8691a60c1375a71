using System.Text.RegularExpressions;

namespace AiCoder.Core.Validation;

/// <summary>What test runners, compilers and package managers say by their own words.</summary>
internal static partial class RunnerOutput
{
    /// <summary>There was no test to run, whatever the exit code.</summary>
    public static bool SaysNoTests(string output) => NoTests().IsMatch(output) && !SomeTests().IsMatch(output);

    /// <summary>Whether at least one test ran.</summary>
    public static bool SaysTestsRan(string output) => SomeTests().IsMatch(output);

    /// <summary>What of the toolchain is missing, in a few words; null: nothing is said.</summary>
    public static string? MissingToolchain(string output) =>
        Toolchain().Match(output) is { Success: true } match ? match.Value.Trim() : null;

    /// <summary>The program that a shell did not find; null: none.</summary>
    public static string? MissingProgram(string output) =>
        NotFound().Match(output) is { Success: true } match ? match.Groups[1].Value : null;

    /// <summary>The network was wanted and could not be reached.</summary>
    public static bool SaysNoNetwork(string output) => NoNetwork().IsMatch(output);

    /// <summary>Packages that are not installed, as their package managers say.</summary>
    public static string? MissingPackage(string output) =>
        Package().Match(output) is { Success: true } match ? match.Value.Trim() : null;

    /// <summary>Modules, headers and packages by name that a program wanted and did not find.</summary>
    public static IReadOnlyList<MissingModule> MissingModules(string output)
    {
        var found = new List<MissingModule>();
        found.AddRange(PythonModule().Matches(output).Select(match => new MissingModule(ModuleKind.Python, match.Groups[1].Value)));
        found.AddRange(NodeModule().Matches(output).Select(match => new MissingModule(ModuleKind.Node, match.Groups[1].Value)));
        found.AddRange(CHeader().Matches(output).Select(match => new MissingModule(ModuleKind.Header, match.Groups[1].Value)));
        found.AddRange(RubyFile().Matches(output).Select(match => new MissingModule(ModuleKind.Ruby, match.Groups[1].Value)));
        found.AddRange(GoPackage().Matches(output).Select(match => new MissingModule(ModuleKind.Go, match.Groups[1].Value)));
        return [.. found.Distinct()];
    }

    // pytest, unittest, node (TAP and spec), go, dotnet, jest, vitest, mocha, maven, gradle, ctest, phpunit, rspec, minitest, bats, cargo, npm.
    [GeneratedRegex(
        @"^(collected 0 items|.*no tests ran in|Ran 0 tests|NO TESTS RAN|\s*(#|ℹ) tests 0\b|.*\[no test files\]|.*\[no tests to run\]|No test is available in"
        + @"|No test matches|No tests found\b|No test files found|\s*0 passing|\[INFO\] No tests to run|\[INFO\] No sources to compile|Tests run: 0,"
        + @"|> Task :.*test NO-SOURCE|No tests were found!!!|No tests executed!|0 examples, 0 failures|0 runs, 0 assertions|1\.\.0|running 0 tests"
        + @"|Error: No test files? found|.*Error: no test specified)",
        RegexOptions.Multiline)]
    private static partial Regex NoTests();

    [GeneratedRegex(
        @"\b[1-9]\d* (passed|failed|passing|failing|errors? in)\b|^Ran [1-9]|^\s*(#|ℹ) (tests|pass|fail) [1-9]|^ok  ?\t(?!.*\[no tests to run\])|^--- (FAIL|PASS)|^FAIL\t"
        + @"|^running [1-9]\d* tests?|Tests run: [1-9]|(Passed|Failed)!\s+- Failed:|total: [1-9]|Total tests: [1-9]|tests passed, \d+ tests failed out of [1-9]|^> Task :.*test( FAILED)?$"
        + @"|^OK \([1-9]|^Tests: [1-9]|^[1-9]\d* examples?,|^[1-9]\d* runs?,|^1\.\.[1-9]",
        RegexOptions.Multiline)]
    private static partial Regex SomeTests();

    [GeneratedRegex(
        @"pyenv: version `[^']+' is not installed.*|pyenv: \S+: command not found|error: toolchain '[^']+' is not installed|rustup could not choose a version.*"
        + @"|error: rustup is not installed.*|NETSDK1045.*|A compatible \.NET SDK was not found.*|You must install or update \.NET.*|MSB3644.*"
        + @"|The JAVA_HOME environment variable is not defined.*|No compiler is provided in this environment.*|(invalid target release|release version) \S+( not supported)?"
        + @"|go: .*requires go >= \S+.*|go: download go\S* .*toolchain not available|No CMAKE_\w+_COMPILER could be found.*|CMake \S+ or higher is required.*"
        + @"|/usr/bin/env: .?[\w.+-]+.?: No such file or directory|requires rustc \S+ or newer.*")]
    private static partial Regex Toolchain();

    [GeneratedRegex(@"(?:^|: )([\w.+-]+): (?:command )?not found\s*$", RegexOptions.Multiline)]
    private static partial Regex NotFound();

    [GeneratedRegex(
        @"NU1301|Could not resolve host|EAI_AGAIN|ENOTFOUND|ENETUNREACH|ECONNREFUSED.*registry|ENOTCACHED|Temporary failure in name resolution|Name or service not known"
        + @"|Network is unreachable|Failed to establish a new connection|UnknownHostException|Unknown host|Temporary failure resolving|offline mode"
        + @"|Couldn't resolve host|dial tcp.*(lookup|connect)|module lookup disabled by GOPROXY=off|network access .*disabled|Network is disabled|No route to host",
        RegexOptions.IgnoreCase)]
    private static partial Regex NoNetwork();

    [GeneratedRegex(
        @"error NU1[13]0[0-9].*|NETSDK1004.*|error: no matching package named .*|error: failed to (get|download|load source for) .*|attempting to make an HTTP request, but --offline.*"
        + @"|missing go\.sum entry.*|Could not resolve dependencies.*|Could not transfer artifact.*|Non-resolvable (parent POM|import POM).*|Plugin \S+ or one of its dependencies could not be resolved.*"
        + @"|Could not resolve all .*|Could not download .*|Could NOT find \w+.*|Could not find a package configuration file provided by.*|cannot find -l\S+"
        + @"|Failed opening required '[^']*vendor/autoload\.php'.*|Could not open input file: vendor/.*|Bundler::GemNotFound.*|Could not find gem .*|bundler: command not found: .*"
        + @"|Run `bundle install` to install missing gems.*|Could not find \S+ in (any of the sources|locally installed gems).*|Exception in thread ""main"" java\.net\.UnknownHostException.*"
        + @"|Cannot find package '[^']+' imported from.*node_modules.*|node_modules missing.*|Couldn't find the node_modules state file.*|Local package\.json exists, but node_modules missing.*")]
    private static partial Regex Package();

    [GeneratedRegex(@"No module named '?([\w.]+)'?")]
    private static partial Regex PythonModule();

    [GeneratedRegex(@"Cannot find (?:module|package) '([^']+)'|Failed to resolve import ""([^""]+)""")]
    private static partial Regex NodeModule();

    [GeneratedRegex(@"fatal error: '?([\w./+-]+)'?(?:: No such file or directory| file not found)")]
    private static partial Regex CHeader();

    [GeneratedRegex(@"cannot load such file -- ([\w./-]+)")]
    private static partial Regex RubyFile();

    [GeneratedRegex(@"no required module provides package ([\w./-]+)")]
    private static partial Regex GoPackage();
}

internal enum ModuleKind
{
    Python,
    Node,
    Header,
    Ruby,
    Go,
}

/// <summary>Something that was imported and not found.</summary>
internal sealed record MissingModule(ModuleKind Kind, string Name);
