namespace AiCoder.Core.Validation.Ecosystems;

internal sealed class CMakeEcosystem : IEcosystem
{
    // Outside the work tree, kept in the task's home so that a second run builds only what changed.
    private const string Build = "\"$HOME/build/$(pwd | cksum | cut -d' ' -f1)\"";

    public string Name => "CMake";

    public Project? Detect(ProjectFolder folder) => !folder.Has("CMakeLists.txt")
        ? null
        : new()
        {
            Ecosystem = Name,
            Directory = folder.Directory,
            Checks = [new($"B={Build}; cmake -S . -B \"$B\" && cmake --build \"$B\" -j 2 && cd \"$B\" && ctest --output-on-failure", "cmake")],
        };
}
