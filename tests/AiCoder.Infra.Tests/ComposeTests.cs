using AiCoder.Core.Configuration;
using AiCoder.Infra.Tests.Infrastructure;
using AiCoder.Server.Queue;
using YamlDotNet.Serialization;

namespace AiCoder.Infra.Tests;

/// <summary>infra/docker/compose.yaml. No engine runs here, so its pieces do: the variables, and the queue that both containers meet on.</summary>
public sealed class ComposeTests
{
    private static readonly Dictionary<object, object> Compose = new DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(Repository.Read("infra/docker/compose.yaml"));

    [Fact]
    public void Every_variable_is_one_that_aicoder_reads_and_the_keys_must_be_given()
    {
        var asked = new HashSet<string>();
        EnvironmentReader.Read(
            name =>
            {
                asked.Add(name);
                return name == "HOME" ? "/tmp" : null;
            },
            callerIsOperator: false);
        var variables = Map(Service("aicoder"), "environment");

        Assert.Empty(variables.Keys.Select(name => (string)name).Except(asked));
        foreach (var key in new[] { "AICODER_API_KEY", "OPENAI_API_KEY" })
            Assert.StartsWith($"${{{key}:?", (string)variables[key], StringComparison.Ordinal);
    }

    [Fact]
    public void The_service_is_confined_and_has_what_its_sandbox_needs()
    {
        var service = Service("aicoder");
        var security = ((List<object>)service["security_opt"]).Cast<string>().ToList();

        Assert.Equal("true", service["read_only"]);
        Assert.Equal(["ALL"], (List<object>)service["cap_drop"]);
        Assert.Contains("no-new-privileges:true", security);
        Assert.Contains("systempaths=unconfined", security);
        var profile = security.Single(option => option.StartsWith("seccomp:", StringComparison.Ordinal))["seccomp:".Length..];
        Assert.True(File.Exists(Repository.PathOf($"infra/docker/{profile}")));
        Assert.True(File.Exists(Repository.PathOf((string)Map(service, "build")["dockerfile"])));
        // Only this machine: whoever wants more puts a proxy with a certificate in front.
        Assert.All((List<object>)service["ports"], port => Assert.StartsWith("127.0.0.1:", (string)port, StringComparison.Ordinal));
    }

    [Fact]
    public void The_emulators_address_without_a_key_in_it_is_one_that_the_queue_takes()
    {
        var connection = (string)Map(Service("aicoder"), "environment")["AzureWebJobsStorage"];
        Assert.DoesNotContain("AccountKey", connection, StringComparison.Ordinal);

        var options = EnvironmentReader.Read(name => name switch { "AzureWebJobsStorage" => connection, "HOME" => "/tmp", _ => null }, callerIsOperator: false);
        var storage = QueueStorage.Open(options);

        // The client puts the emulator's fixed ports and its one account behind the address.
        Assert.Equal("http://azurite:10001/devstoreaccount1/aicoder-tasks", storage.Tasks.Uri.AbsoluteUri);
        Assert.Equal("azurite", storage.Claims.Uri.Host);
        Assert.Contains("--queueHost 0.0.0.0", (string)Service("azurite")["command"], StringComparison.Ordinal);
    }

    private static Dictionary<object, object> Service(string name) => Map(Map(Compose, "services"), name);

    private static Dictionary<object, object> Map(Dictionary<object, object> parent, string name) => (Dictionary<object, object>)parent[name];
}
