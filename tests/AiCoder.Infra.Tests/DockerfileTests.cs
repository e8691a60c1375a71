using System.Text.Json.Nodes;
using AiCoder.Core.Agent.Qwen;
using AiCoder.Infra.Tests.Infrastructure;
using AiCoder.Testing;

namespace AiCoder.Infra.Tests;

/// <summary>infra/docker, as far as it goes without an engine.</summary>
public sealed class DockerfileTests
{
    private const string Folder = "infra/docker";
    private const string Lint = """
        const { validate } = require(process.argv[1]);
        let text = '';
        process.stdin.on('data', part => text += part).on('end', () => console.log(JSON.stringify(validate(text, {}))));
        """;

    [Theory]
    [InlineData("Dockerfile")]
    [InlineData("Dockerfile.functions")]
    public async Task The_linter_has_nothing_to_say(string file) => Assert.Equal("[]", await LintAsync(Repository.Read($"{Folder}/{file}")));

    [Fact]
    public async Task The_linter_says_something_of_a_wrong_one() =>
        Assert.NotEqual("[]", await LintAsync("FROM scratch\nHEALTHCHECK --intervall=30s CMD true\nUSER\n"));

    [Theory]
    [InlineData("Dockerfile")]
    [InlineData("Dockerfile.functions")]
    public async Task The_image_is_of_several_stages_on_bases_that_can_be_pinned_labelled_not_root_and_checked(string file)
    {
        var image = Dockerfile.Read(Repository.PathOf($"{Folder}/{file}"));
        string[] Of(string name) => [.. image.Instructions.Where(instruction => instruction.Name == name).Select(instruction => instruction.Arguments)];

        Assert.Equal(["build", "engine-", "engine-qwen", "engines", "final"], Of("FROM").Select(from => from.Split(" AS ")[1]));
        // Plain names only: the builder of Azure's registry expands nothing else. ENGINE names one of the stages.
        Assert.All(Of("FROM").Where(from => !from.EndsWith(" AS engines", StringComparison.Ordinal)), from => Assert.Matches(@"^\$\{[A-Z]+_IMAGE\} AS \S+$", from));
        Assert.Contains("engine-${ENGINE} AS engines", Of("FROM"));
        Assert.Contains("ENGINE=\"\"", Of("ARG"));
        // The version is the one that was tested.
        Assert.Contains($"@qwen-code/qwen-code@{QwenInstallation.TestedVersion}", Repository.Read($"{Folder}/{file}"), StringComparison.Ordinal);
        Assert.Equal("1654:1654", image.User);
        Assert.Single(Of("HEALTHCHECK"));
        Assert.Contains("org.opencontainers.image.revision", Assert.Single(Of("LABEL")), StringComparison.Ordinal);
        Assert.Contains(image.Runs, run => new[] { "bubblewrap", "ca-certificates", "git", "openssh-client", "curl" }.All(package => run.Split(' ').Contains(package)));
        foreach (var run in image.Runs)
        {
            var parsed = await Tool.RunAsync("/bin/sh", ["-n", "-c", run]);
            Assert.True(parsed.ExitCode == 0, parsed.Error);
        }

        // Everything that is copied is there, and the builder gets to see it.
        foreach (var source in Of("COPY").Where(copy => !copy.StartsWith("--from=", StringComparison.Ordinal)).SelectMany(copy => copy.Split(' ')[..^1]))
            Assert.True(Path.Exists(Repository.PathOf(source)), source);
    }

    [Fact]
    public void The_builder_sees_what_it_builds_from_and_no_settings_of_anybodys()
    {
        var ignored = File.ReadAllLines(Repository.PathOf(".dockerignore"));

        Assert.Contains("*", ignored);
        Assert.All(ignored.Where(line => line.StartsWith('!')), line => Assert.True(Path.Exists(Repository.PathOf(line[1..])), line));
        Assert.Contains("**/local.settings.json", ignored);
    }

    [Theory]
    [InlineData("entrypoint")]
    [InlineData("healthcheck")]
    [InlineData("drain")]
    [InlineData("build.sh")]
    [InlineData("pin.sh")]
    [InlineData("../deploy.sh")]
    public async Task A_script_can_be_run_and_has_no_mistake_of_syntax(string name)
    {
        var path = Repository.PathOf($"{Folder}/{name}");
        var parsed = await Tool.RunAsync("/bin/sh", ["-n", path]);

        Assert.True(parsed.ExitCode == 0, parsed.Error);
        Assert.True(File.GetUnixFileMode(path).HasFlag(UnixFileMode.OtherExecute), "It is not executable.");
    }

    [Fact]
    public async Task Pinned_digests_come_from_the_registry_and_go_into_the_build()
    {
        using var folder = new TemporaryFolder();
        // A copy, so that the repository's own is left alone, with an engine that says what it is asked.
        foreach (var file in new[] { "Dockerfile", "Dockerfile.functions", "build.sh", "pin.sh" })
        {
            Directory.CreateDirectory(folder["infra", "docker"]);
            File.Copy(Repository.PathOf($"{Folder}/{file}"), folder["infra", "docker", file]);
        }

        Directory.CreateDirectory(folder["bin"]);
        await File.WriteAllTextAsync(folder["bin", "docker"], "#!/bin/sh\n[ \"$1\" = buildx ] && { echo \"sha256:$(printf %s \"$4\" | sha256sum | cut -d' ' -f1)\"; exit; }\necho \"$@\"\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(folder["bin", "docker"], (UnixFileMode)0b111_101_101);
        var path = new Dictionary<string, string> { ["PATH"] = $"{folder["bin"]}:{Environment.GetEnvironmentVariable("PATH")}" };

        var unpinned = await Tool.RunAsync(folder["infra", "docker", "build.sh"], [], environment: path);
        var pin = await Tool.RunAsync(folder["infra", "docker", "pin.sh"], [], environment: path);
        var image = await Tool.RunAsync(folder["infra", "docker", "build.sh"], ["--build-arg", "PACKAGES=nodejs npm"], environment: path);
        var functions = await Tool.RunAsync(folder["infra", "docker", "build.sh"], ["functions"], environment: path);
        var other = await Tool.RunAsync(folder["infra", "docker", "build.sh"], ["--build-arg", "RUNTIME_IMAGE=mine:1"], environment: path);

        Assert.Contains("pin.sh writes it", unpinned.Error, StringComparison.Ordinal);
        Assert.True(pin.ExitCode == 0, pin.Error);
        Assert.Equal(["FUNCTIONS_IMAGE", "NODE_IMAGE", "RUNTIME_IMAGE", "SDK_IMAGE"], pin.Output.Trim().Split('\n').Select(line => line.Split('=')[0]).Order(StringComparer.Ordinal));
        Assert.Matches("--build-arg RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0-noble@sha256:[0-9a-f]{64}", image.Output);
        Assert.DoesNotContain("FUNCTIONS_IMAGE", image.Output, StringComparison.Ordinal);
        Assert.Contains("--build-arg PACKAGES=nodejs npm .", image.Output, StringComparison.Ordinal);
        Assert.Contains("--file infra/docker/Dockerfile.functions --tag ai-coder-functions", functions.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("RUNTIME_IMAGE", functions.Output, StringComparison.Ordinal);
        // A base of the caller's counts: engines take the last of two.
        Assert.Matches("--build-arg RUNTIME_IMAGE=.*--build-arg RUNTIME_IMAGE=mine:1 ", other.Output);
    }

    [Fact]
    public async Task Where_no_registry_can_be_asked_pinning_says_what_is_missing_and_writes_nothing()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in new[] { "Dockerfile", "Dockerfile.functions", "pin.sh" })
            File.Copy(Repository.PathOf($"{Folder}/{file}"), folder[file]);
        await File.WriteAllTextAsync(folder["docker"], "#!/bin/sh\nexit 1\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(folder["docker"], (UnixFileMode)0b111_101_101);

        var pin = await Tool.RunAsync(folder["pin.sh"], [], environment: new Dictionary<string, string> { ["PATH"] = $"{folder.Root}:{Environment.GetEnvironmentVariable("PATH")}" });

        Assert.Equal(1, pin.ExitCode);
        Assert.Contains("'docker buildx' is needed", pin.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["digests.env"]));
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(0, true)]
    [InlineData(1000, false)]
    public async Task Draining_asks_the_host_with_its_key_and_waits_until_what_runs_has_ended_or_the_time_is_over(int looks, bool ends)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["host.master"], "the-master-key", TestContext.Current.CancellationToken);
        var left = looks;
        await using var host = await HttpScript.StartAsync(request => request.Path switch
        {
            "/admin/host/drain" => new(202),
            _ => new(200, $$"""{"state":"{{(left-- > 0 ? "InProgress" : "Completed")}}","outstandingInvocations":1}"""),
        });

        var run = await Tool.RunAsync(
            Repository.PathOf($"{Folder}/drain"), [],
            environment: new Dictionary<string, string>
            {
                ["DRAIN_URL"] = host.Url.AbsoluteUri.TrimEnd('/'), ["FUNCTIONS_MASTER_KEY_FILE"] = folder["host.master"], ["DRAIN_SECONDS"] = ends ? "60" : "2",
            });

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(("POST", "/admin/host/drain"), (host.Requests[0].Method, host.Requests[0].Path));
        Assert.All(host.Requests, request => Assert.Equal("the-master-key", request.Headers["x-functions-key"]));
        if (ends)
            Assert.Equal(looks + 1, host.Requests.Count(request => request.Path == "/admin/host/drain/status"));
        else
            Assert.True(left > 0);
    }

    private static async Task<string> LintAsync(string text)
    {
        var linter = Path.GetDirectoryName(Tool.DockerfileLinter)!;
        var run = await Tool.RunAsync("node", ["-e", Lint, linter], text);
        Assert.True(run.ExitCode == 0, run.Error);
        return JsonNode.Parse(run.Output)!.ToJsonString();
    }
}
