using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation.Ecosystems;

internal sealed class GoEcosystem : IEcosystem
{
    public string Name => "Go";

    // ./... ends at the border of a nested module.
    public bool Covers(Project outer, ProjectFolder folder) => folder.Directory == outer.Directory;

    public Project? Detect(ProjectFolder folder) => !folder.Has("go.mod")
        ? null
        : new()
        {
            Ecosystem = Name,
            Directory = folder.Directory,
            Prepare = folder.Has("go.sum") && !folder.Exists("vendor/modules.txt") ? [new("go mod download", "go", CommandPurpose.Prepare)] : [],
            Checks = [new("go test ./...", "go")],
        };
}
