using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation.Ecosystems;

internal sealed class RustEcosystem : IEcosystem
{
    public string Name => "Rust";

    public Project? Detect(ProjectFolder folder)
    {
        if (!folder.Has("Cargo.toml"))
            return null;

        var manifest = folder.Read("Cargo.toml");
        return new()
        {
            Ecosystem = Name,
            Directory = folder.Directory,
            Prepare = manifest.Contains("dependencies", StringComparison.Ordinal) || folder.Has("Cargo.lock")
                ? [new("cargo fetch", "cargo", CommandPurpose.Prepare)]
                : [],
            Checks = [new(manifest.Contains("[workspace]", StringComparison.Ordinal) ? "cargo test --workspace" : "cargo test", "cargo")],
        };
    }
}
