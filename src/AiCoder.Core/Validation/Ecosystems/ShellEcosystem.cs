using System.Text.RegularExpressions;

namespace AiCoder.Core.Validation.Ecosystems;

internal sealed partial class ShellEcosystem : IEcosystem
{
    private static readonly string[] Scripts = ["test.sh", "tests.sh", "run_tests.sh", "run-tests.sh", "tests/run.sh", "test/run.sh", "tests/test.sh", "test/test.sh"];

    public string Name => "Shell";

    public bool IsFallback => true;

    public Project? Detect(ProjectFolder folder)
    {
        var bats = folder.Deep.FirstOrDefault(file => BatsFile().IsMatch(file));
        var script = Scripts.FirstOrDefault(folder.Exists);
        if (folder.Directory != "." || (bats is null && script is null))
            return null;

        var home = bats is null || !bats.Contains('/', StringComparison.Ordinal) ? "." : bats[..bats.IndexOf('/', StringComparison.Ordinal)];
        return new()
        {
            Ecosystem = Name,
            Directory = folder.Directory,
            Checks = [bats is not null ? new($"bats -r {Shell.Quote(home)}", "bats") : new($"bash {script}", "bash")],
        };
    }

    [GeneratedRegex(@"\.bats$")]
    private static partial Regex BatsFile();
}
