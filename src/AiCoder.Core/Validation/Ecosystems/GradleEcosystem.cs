using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation.Ecosystems;

internal sealed class GradleEcosystem : IEcosystem
{
    private static readonly string[] Manifests = ["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"];

    public string Name => "Gradle";

    public Project? Detect(ProjectFolder folder)
    {
        if (!Manifests.Any(folder.Has))
            return null;

        var wrapped = folder.Has("gradlew");
        var program = wrapped ? "java" : "gradle";
        var gradle = (wrapped ? "sh ./gradlew" : "gradle") + " --no-daemon --console=plain";
        return new()
        {
            Ecosystem = Name,
            Directory = folder.Directory,
            Prepare = [new($"{gradle} testClasses", program, CommandPurpose.Prepare)],
            Checks = [new($"{gradle}{(folder.NetworkForTests ? "" : " --offline")} test", program)],
        };
    }
}
