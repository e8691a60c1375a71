using System.Runtime.CompilerServices;
using System.Xml.Linq;

namespace AiCoder.Cli.Tests;

public sealed class ArchitectureTests
{
    [Theory]
    [InlineData("AiCoder.Core", "")]
    [InlineData("AiCoder.Demo", "")]
    [InlineData("AiCoder.Embedded", "AiCoder.Core")]
    [InlineData("AiCoder.Server", "AiCoder.Embedded")]
    [InlineData("AiCoder.Cli", "AiCoder.Demo AiCoder.Server")]
    public void A_project_references_only_what_is_below_it(string project, string references) =>
        Assert.Equal(references, string.Join(' ', ReferencesOf(project).Order()));

    [Fact]
    public void Nothing_references_the_Functions_host() =>
        Assert.DoesNotContain(Projects().SelectMany(ReferencesIn), name => name == "AiCoder.Functions");

    [Theory]
    [InlineData("Microsoft.Azure.Functions.Worker")]
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
    }

    private static IEnumerable<string> ReferencesOf(string project) => ReferencesIn(PathOf(project));

    private static IEnumerable<string> ReferencesIn(string path) =>
        XDocument.Load(path).Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(((string?)reference.Attribute("Include"))!.Replace('\\', '/')));

    private static string PathOf(string project) => Path.Combine(Root(), "src", project, project + ".csproj");

    private static IEnumerable<string> Projects() => Directory.EnumerateFiles(Path.Combine(Root(), "src"), "*.csproj", SearchOption.AllDirectories);

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
}
