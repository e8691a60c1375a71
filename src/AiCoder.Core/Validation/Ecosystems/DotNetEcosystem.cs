using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation.Ecosystems;

internal sealed class DotNetEcosystem : IEcosystem
{
    private static readonly string[] Solutions = ["*.slnx", "*.sln", "*.csproj", "*.fsproj", "*.vbproj"];
    private static readonly string[] TestSigns = ["Microsoft.NET.Test.Sdk", "<IsTestProject>true", "MSTest", "xunit", "NUnit", "TUnit"];

    public string Name => ".NET";

    public Project? Detect(ProjectFolder folder)
    {
        if (Solutions.Select(folder.Find).FirstOrDefault(found => found is not null) is not { } target)
            return null;

        var name = Shell.Quote(target);
        var tested = folder.Deep.Where(file => file.EndsWith("proj", StringComparison.Ordinal))
            .Any(file => TestSigns.Any(sign => folder.Read(file).Contains(sign, StringComparison.OrdinalIgnoreCase)));
        return new()
        {
            Ecosystem = Name,
            Directory = folder.Directory,
            Prepare = [new($"dotnet restore {name}", "dotnet", CommandPurpose.Prepare)],
            Checks = [tested ? new($"dotnet test {name}", "dotnet") : new($"dotnet build {name} --nologo", "dotnet", CommandPurpose.Syntax)],
            NoTests = tested ? null : "no .NET test project",
        };
    }
}
