using System.Diagnostics;
using System.Text;

namespace AiCoder.Infra.Tests.Infrastructure;

/// <summary>A program that a test runs to its end, within five minutes.</summary>
internal static class Tool
{
    private const string Folder = "artifacts/infra-tools";
    private const string Setup = "; 'scripts/setup.sh test' installs it where the registries have it.";
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    /// <summary>The real helm; skips the test where there is none.</summary>
    public static string Helm => Required("There is no helm" + Setup, Repository.PathOf($"{Folder}/helm"), "/usr/local/bin/helm", "/usr/bin/helm");

    /// <summary>The real Bicep compiler; skips the test where there is none.</summary>
    public static string Bicep => Required(
        "There is no Bicep compiler" + Setup,
        Path.Combine(Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages"), BicepPackage),
        "/usr/local/bin/bicep");

    /// <summary>The folder of npm's dockerfile-utils; skips the test where there is none.</summary>
    public static string DockerfileLinter => Required("There is no Dockerfile linter" + Setup, Repository.PathOf($"{Folder}/node_modules/dockerfile-utils/package.json"));

    private static string BicepPackage
    {
        get
        {
            var project = System.Xml.Linq.XDocument.Load(Repository.PathOf("eng/Bicep/BicepCompiler.csproj"));
            var package = project.Descendants("PackageDownload").Single();
            return $"{((string)package.Attribute("Include")!).ToLowerInvariant()}/{((string)package.Attribute("Version")!).Trim('[', ']')}/tools/bicep";
        }
    }

    public static async Task<ToolRun> RunAsync(string program, IReadOnlyList<string> arguments, string? input = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = new UTF8Encoding(false),
            WorkingDirectory = Repository.Root,
        };
        start.Environment["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(bound.Token);
            var error = process.StandardError.ReadToEndAsync(bound.Token);
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            await process.WaitForExitAsync(bound.Token);
            return new(process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private static string Required(string missing, params string[] candidates)
    {
        var found = candidates.FirstOrDefault(File.Exists);
        Assert.SkipWhen(found is null, missing);
        return found!;
    }
}

internal sealed record ToolRun(int ExitCode, string Output, string Error);
