using System.Text.RegularExpressions;
using AiCoder.Infra.Tests.Infrastructure;
using YamlDotNet.Serialization;

namespace AiCoder.Infra.Tests;

/// <summary>docs/deployment.md names only what is there, in both languages alike.</summary>
public sealed partial class DocumentationTests
{
    public static TheoryData<string> Languages => new("docs/deployment.md", "docs/deployment.zh-CN.md");

    [Theory]
    [MemberData(nameof(Languages))]
    public void Every_file_that_it_names_is_there(string document)
    {
        var text = Repository.Read(document);
        var named = Paths().Matches(text).Select(match => match.Value.TrimEnd('.', '/')).Distinct().Where(path => path != "infra/docker/digests.env").ToList();

        Assert.True(named.Count > 10);
        Assert.All(named, path => Assert.True(Path.Exists(Repository.PathOf(path)), path));
        Assert.All(Links().Matches(text).Select(match => match.Groups[1].Value), link => Assert.True(Path.Exists(Repository.PathOf($"docs/{link}")), link));
        Assert.All(Manifests().Matches(text).Select(match => match.Groups[1].Value), file => Assert.True(Path.Exists(Repository.PathOf($"infra/kubernetes/manifests/{file}")), file));
    }

    [Theory]
    [MemberData(nameof(Languages))]
    public void Every_value_of_the_chart_and_parameter_of_the_templates_that_it_names_is_there(string document)
    {
        var text = Repository.Read(document);
        var values = new DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(Repository.Read($"{Chart.Folder}/values.yaml"));
        var keys = ChartValues().Matches(text).Select(match => match.Groups[1].Value).Distinct().ToList();

        Assert.True(keys.Count > 8);
        foreach (var key in keys.Where(key => !key.StartsWith("config.", StringComparison.Ordinal)))
        {
            object? at = values;
            foreach (var part in key.Split('.'))
                Assert.True(at is Dictionary<object, object> map && map.TryGetValue(part, out at), key);
        }

        var template = Repository.Read("infra/bicep/main.bicep");
        foreach (var parameter in new[] { "operatorAddresses", "nodesMost", "nodesLeast", "shareProtocol", "deployModel", "modelName", "modelCapacity", "clusterTier", "nodeSize" })
        {
            Assert.Contains($"param {parameter} ", template, StringComparison.Ordinal);
            Assert.Contains($"`{parameter}", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_templates_outputs_become_variables()
    {
        var program = Outputs().Match(Repository.Read("docs/deployment.md")).Groups[1].Value;

        var run = await Tool.RunAsync("python3", ["-c", program], """{"azurE_RESOURCE_GROUP": {"type": "String", "value": "rg-it's"}, "OPENAI": {"value": ""}}""");

        Assert.Equal("export AZURE_RESOURCE_GROUP='rg-it'\"'\"'s'\nexport OPENAI=''\n", run.Output);
    }

    [Fact]
    public void Both_languages_give_the_same_commands()
    {
        static string[] Commands(string document) =>
            [.. Blocks().Matches(Repository.Read(document)).SelectMany(block => block.Groups[1].Value.Split('\n')).Select(line => Comment().Replace(line, "").TrimEnd()).Where(line => line.Length > 0)];

        Assert.Equal(Commands("docs/deployment.md"), Commands("docs/deployment.zh-CN.md"));
    }

    [Theory]
    [MemberData(nameof(Languages))]
    public void Beside_the_commands_that_need_a_sandbox_stand_its_options_and_they_are_the_compose_files(string document)
    {
        var text = Repository.Read(document);
        var compose = Repository.Read("infra/docker/compose.yaml");

        Assert.Contains("--security-opt seccomp=infra/docker/seccomp.json --security-opt systempaths=unconfined --security-opt apparmor=unconfined", text, StringComparison.Ordinal);
        foreach (var option in new[] { "seccomp:./seccomp.json", "systempaths=unconfined", "apparmor:unconfined" })
            Assert.Contains(option, compose, StringComparison.Ordinal);
        Assert.True(Regex.Count(text, @"\$SANDBOX_OPTIONS") >= 2);
    }

    [GeneratedRegex(@"python3 -c '([^']+)'")]
    private static partial Regex Outputs();

    [GeneratedRegex(@"infra/[A-Za-z0-9_./-]+")]
    private static partial Regex Paths();

    [GeneratedRegex(@"\]\((?!http|#)([^)#]+)")]
    private static partial Regex Links();

    [GeneratedRegex(@"manifests/([a-z]+\.yaml)")]
    private static partial Regex Manifests();

    [GeneratedRegex(@"(?:`|--set(?:-string)? )((?:serve|functions|sandbox|workspace|metrics|image|config|networkPolicy)\.[A-Za-z_.]+)")]
    private static partial Regex ChartValues();

    [GeneratedRegex(@"```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex(@"(^|\s)# .*|\s+# .*$")]
    private static partial Regex Comment();
}
