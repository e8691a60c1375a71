using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation.Ecosystems;

internal sealed class PhpEcosystem : IEcosystem
{
    public string Name => "PHP";

    public Project? Detect(ProjectFolder folder)
    {
        if (!folder.Has("composer.json") && !folder.Has("phpunit.xml") && !folder.Has("phpunit.xml.dist"))
            return null;

        var manifest = folder.Read("composer.json");
        var test = manifest.Contains("\"test\"", StringComparison.Ordinal) && manifest.Contains("\"scripts\"", StringComparison.Ordinal)
            ? new ProjectCommand("composer test", "composer")
            : folder.Has("phpunit.xml") || folder.Has("phpunit.xml.dist") || manifest.Contains("phpunit/phpunit", StringComparison.Ordinal)
                ? new ProjectCommand("php vendor/bin/phpunit", "php")
                : null;
        return new()
        {
            Ecosystem = Name,
            Directory = folder.Directory,
            Prepare = folder.Has("composer.json") ? [new("composer install --no-interaction --no-progress", "composer", CommandPurpose.Prepare)] : [],
            Checks = test is null ? [] : [test],
            NoTests = test is null ? "composer.json has no test script and there is no phpunit.xml" : null,
        };
    }
}
