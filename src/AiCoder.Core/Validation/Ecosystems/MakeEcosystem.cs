using System.Text.RegularExpressions;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation.Ecosystems;

internal sealed partial class MakeEcosystem : IEcosystem
{
    private static readonly string[] Makefiles = ["GNUmakefile", "makefile", "Makefile"];

    public string Name => "Make";

    public bool IsFallback => true;

    public Project? Detect(ProjectFolder folder)
    {
        if (Makefiles.FirstOrDefault(folder.Has) is not { } makefile)
            return null;

        var text = folder.Read(makefile);
        var target = TestTarget().Match(text) is { Success: true } found ? found.Groups[1].Value : null;
        return new()
        {
            Ecosystem = Name,
            Directory = folder.Directory,
            Checks = target is not null
                ? [new($"make {target}", "make")]
                : folder.Find("*.c*") is not null ? [new("make", "make", CommandPurpose.Syntax)] : [],
            NoTests = target is null ? "the Makefile has no target 'test' or 'check'" : null,
        };
    }

    [GeneratedRegex(@"^(test|tests|check)\s*:(?!=)", RegexOptions.Multiline)]
    private static partial Regex TestTarget();
}
