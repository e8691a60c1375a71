using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation.Ecosystems;

internal sealed class MavenEcosystem : IEcosystem
{
    public string Name => "Maven";

    public Project? Detect(ProjectFolder folder)
    {
        if (!folder.Has("pom.xml"))
            return null;

        // The machine's own before the wrapper, which would download another.
        var wrapped = !folder.Programs.Contains("mvn") && folder.Has("mvnw");
        var maven = (wrapped ? "sh ./mvnw" : "mvn") + " -B -ntp";
        return new()
        {
            Ecosystem = Name,
            Directory = folder.Directory,
            // Only a run of the tests loads all that they need; this one asks for a test that does not exist.
            Prepare =
            [
                new($"{maven} test -Dtest=NoSuchTest -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false", wrapped ? "java" : "mvn", CommandPurpose.Prepare),
            ],
            Checks = [new($"{maven}{(folder.NetworkForTests ? "" : " -o")} test", wrapped ? "java" : "mvn")],
        };
    }
}
