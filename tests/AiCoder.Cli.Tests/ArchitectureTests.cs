using System.Runtime.CompilerServices;
using System.Xml.Linq;
using AiCoder.Cli.Tests.Infrastructure;
using AiCoder.Demo;
using AiCoder.Testing;

namespace AiCoder.Cli.Tests;

public sealed class ArchitectureTests
{
    [Theory]
    [InlineData("AiCoder.Core", "")]
    [InlineData("AiCoder.Demo", "")]
    [InlineData("AiCoder.Embedded", "AiCoder.Core")]
    [InlineData("AiCoder.Http", "AiCoder.Core")]
    [InlineData("AiCoder.Functions", "AiCoder.Http AiCoder.Kubernetes")]
    [InlineData("AiCoder.Server", "AiCoder.Embedded AiCoder.Http")]
    [InlineData("AiCoder.Kubernetes", "AiCoder.Core")]
    [InlineData("AiCoder.Cli", "AiCoder.Demo AiCoder.Kubernetes AiCoder.Server")]
    public void A_project_references_only_what_is_below_it(string project, string references) =>
        Assert.Equal(references, string.Join(' ', ReferencesOf(project).Order()));

    [Fact]
    public void Nothing_references_the_Functions_host() =>
        Assert.DoesNotContain(Projects().SelectMany(ReferencesIn), name => name == "AiCoder.Functions");

    [Theory]
    [InlineData("Microsoft.Azure.Functions.Worker")]
    [InlineData("KubernetesClient")]
    [InlineData("Microsoft.Data.Sqlite")]
    [InlineData("System.CommandLine")]
    [InlineData("Spectre.Console")]
    public void Core_knows_no_host(string package) =>
        Assert.DoesNotContain(
            XDocument.Load(PathOf("AiCoder.Core")).Descendants("PackageReference").Select(reference => (string?)reference.Attribute("Include")),
            name => name!.StartsWith(package, StringComparison.Ordinal));

    [Fact]
    public void The_built_assemblies_say_the_same()
    {
        var core = typeof(AiCoder.Core.AiCoderJson).Assembly.GetReferencedAssemblies().Select(name => name.Name!);
        var embedded = typeof(AiCoder.Embedded.EmbeddedHost).Assembly.GetReferencedAssemblies().Select(name => name.Name!);

        Assert.DoesNotContain(core, name => name.StartsWith("AiCoder.", StringComparison.Ordinal));
        Assert.Equal(["AiCoder.Core"], embedded.Where(name => name.StartsWith("AiCoder.", StringComparison.Ordinal)));
        var server = typeof(AiCoder.Server.TaskServer).Assembly.GetReferencedAssemblies().Select(name => name.Name!);
        Assert.Equal(["AiCoder.Core", "AiCoder.Embedded", "AiCoder.Http"], server.Where(name => name.StartsWith("AiCoder.", StringComparison.Ordinal)).Order());
    }

    /// <summary>A command that serves nothing must not pay for a web server, and one that runs here not for a cluster's client.</summary>
    [Fact]
    public async Task Only_serve_loads_the_server_and_only_k8s_the_cluster_s_client()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux shows what a process has loaded.");
        var hold = new Hold();
        await using var held = await TaskWorld.CreateAsync(script: request => DemoScript.For(DemoProject.Shell)(request) with { Gate = hold.WaitAsync() });
        using var run = held.Start("run", held.Request("loads-little"));
        await hold.Reached.WaitAsync(TestContext.Current.CancellationToken);

        var loaded = await File.ReadAllTextAsync($"/proc/{run.Id}/maps", TestContext.Current.CancellationToken);

        Assert.Contains("AiCoder.Embedded.dll", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("AiCoder.Server.dll", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("AiCoder.Http.dll", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("AiCoder.Kubernetes.dll", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("KubernetesClient.dll", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("Microsoft.AspNetCore.Server", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("Microsoft.AspNetCore.OpenApi", loaded, StringComparison.Ordinal);
        hold.Release();
    }

    private static IEnumerable<string> ReferencesOf(string project) => ReferencesIn(PathOf(project));

    private static IEnumerable<string> ReferencesIn(string path) =>
        XDocument.Load(path).Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(((string?)reference.Attribute("Include"))!.Replace('\\', '/')));

    private static string PathOf(string project) => Path.Combine(Root(), "src", project, project + ".csproj");

    private static IEnumerable<string> Projects() => Directory.EnumerateFiles(Path.Combine(Root(), "src"), "*.csproj", SearchOption.AllDirectories);

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
}
