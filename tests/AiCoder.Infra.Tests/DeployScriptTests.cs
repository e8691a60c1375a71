using AiCoder.Infra.Tests.Infrastructure;
using AiCoder.Testing;
using k8s.Models;

namespace AiCoder.Infra.Tests;

/// <summary>infra/deploy.sh with stand-ins for the programs that reach Azure: they write down what they are asked.</summary>
public sealed class DeployScriptTests : IDisposable
{
    private const string Record = """
        #!/bin/sh
        for argument in "$(basename "$0")" "$@"; do printf '%s\t' "$argument"; done >>"$RECORD/calls"
        echo >>"$RECORD/calls"
        case "$*" in
            'rev-parse '*) echo 0123456789ab ;;
            *'get secret'*) exit "$MISSING" ;;
            *'create secret generic '*) cat >"$RECORD/$6" ;;
            *'apply -f -'*) cat >/dev/null ;;
        esac
        """;

    private static readonly Dictionary<string, string> Outputs = new()
    {
        ["AZURE_RESOURCE_GROUP"] = "rg-aicoder",
        ["AZURE_AKS_CLUSTER_NAME"] = "aicoderx",
        ["AZURE_CONTAINER_REGISTRY_NAME"] = "aicoderx",
        ["AZURE_CONTAINER_REGISTRY_ENDPOINT"] = "aicoderx.azurecr.io",
        ["AICODER_CLIENT_ID"] = "11111111-2222-3333-4444-555555555555",
        ["AICODER_STORAGE_ACCOUNT"] = "aicoderxhub",
        ["AICODER_SHARE_ACCOUNT"] = "aicoderxsh",
        ["AICODER_SHARE"] = "workspace",
        ["AICODER_SHARE_PROTOCOL"] = "nfs",
        ["AICODER_TAG"] = "0123456789ab",
        ["AZURE_OPENAI_ENDPOINT"] = "https://aicoderx.openai.azure.com/",
        ["AICODER_MODEL_DEPLOYMENT"] = "gpt-4.1",
        ["OPENAI_MODEL"] = "left-over-in-the-shell",
        ["ALLOWED_NETWORKS"] = "git.example.com,10.1.0.0/16",
    };

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task It_builds_makes_the_secrets_by_standard_input_and_installs_values_that_the_chart_knows()
    {
        var run = await DeployAsync(missing: true, ("GITLAB_API_TOKEN", "a-token-of-the-operator"));

        Assert.True(run.ExitCode == 0, run.Error);
        var calls = Calls();
        Assert.DoesNotContain("a-token-of-the-operator", await File.ReadAllTextAsync(_folder["calls"], TestContext.Current.CancellationToken) + run.Output + run.Error, StringComparison.Ordinal);
        Assert.Contains("GITLAB_API_TOKEN=a-token-of-the-operator", await SecretAsync("ai-coder-secrets"));
        Assert.Contains(await SecretAsync("ai-coder-secrets"), line => line.StartsWith("AICODER_API_KEY=", StringComparison.Ordinal) && line.Length > 40);
        Assert.Equal(["host.master", "host.function.default", "host.systemKey.default"], (await SecretAsync("ai-coder-function-keys")).Select(line => line.Split('=')[0]));
        Assert.Contains(calls, call => call[0] == "az" && call.Contains("infra/docker/Dockerfile.functions") && call.Contains("ai-coder-functions:0123456789ab"));
        Assert.Contains(calls, call => call.Contains("pod-security.kubernetes.io/enforce=restricted"));

        var helm = calls.Single(call => call[0] == "helm");
        // What an earlier release was told and this one is not, such as the certificate of the key ring, stays.
        Assert.Contains("--reset-then-reuse-values", helm);
        Assert.Equal(["helm", "upgrade", "--install", "aicoder", Chart.Folder, "--namespace", "aicoder"], helm[..7]);
        var rendered = await Tool.RunAsync(Tool.Helm, ["template", .. helm[3..].Where(argument => argument is not ("--wait" or "--timeout" or "15m" or "--reset-then-reuse-values"))]);
        Assert.True(rendered.ExitCode == 0, rendered.Error);
        var objects = KubernetesText.Read(rendered.Output);
        Assert.Equal("aicoderx.azurecr.io/ai-coder-functions:0123456789ab", objects.OfType<V1Deployment>().Single().Spec.Template.Spec.Containers[0].Image);
        var config = objects.OfType<V1ConfigMap>().Single().Data;
        Assert.Equal(("git.example.com,10.1.0.0/16", "gpt-4.1"), (config["ALLOWED_NETWORKS"], config["OPENAI_MODEL"]));
        Assert.Equal("rg-aicoder#aicoderxsh#workspace", objects.OfType<V1PersistentVolume>().Single().Spec.Csi.VolumeHandle);
    }

    [Fact]
    public async Task Without_a_model_of_the_templates_the_operators_own_is_taken_and_nothing_stays_of_an_earlier_one()
    {
        var run = await DeployAsync(missing: false, ("AZURE_OPENAI_ENDPOINT", ""), ("AICODER_MODEL_DEPLOYMENT", ""), ("OPENAI_MODEL", "qwen-coder"), ("OPENAI_BASE_URL", "https://models.example.com/v1"));

        Assert.True(run.ExitCode == 0, run.Error);
        var helm = Calls().Single(call => call[0] == "helm");
        Assert.Contains("config.OPENAI_MODEL=qwen-coder", helm);
        Assert.Contains("config.OPENAI_BASE_URL=https://models.example.com/v1", helm);
        Assert.Contains("config.AZURE_OPENAI_ENDPOINT=", helm);
    }

    [Theory]
    [InlineData("", "0123456789ab", "NODE_IMAGE=mcr.microsoft.com/azure-functions/")]
    [InlineData("qwen", "0123456789ab-qwen", "ENGINE=qwen")]
    public async Task An_engine_is_built_in_where_asked_for_under_a_tag_of_its_own_and_else_its_base_is_not_fetched(string engine, string tag, string argument)
    {
        var run = await DeployAsync(missing: false, ("AICODER_ENGINE", engine), ("AICODER_TAG", ""));

        Assert.True(run.ExitCode == 0, run.Error);
        var build = Calls().Single(call => call[0] == "az" && call.Contains("build"));
        Assert.Contains($"ai-coder-functions:{tag}", build);
        Assert.Contains(build, given => given.StartsWith(argument, StringComparison.Ordinal));
        Assert.Equal(engine.Length > 0, build.Any(given => given.StartsWith("ENGINE=", StringComparison.Ordinal)));
        Assert.Equal(engine.Length == 0, build.Any(given => given.StartsWith("NODE_IMAGE=", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Run_again_it_leaves_the_secrets_as_they_are()
    {
        var run = await DeployAsync(missing: false);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.DoesNotContain(Calls(), call => call.Contains("create") && call.Contains("secret"));
        Assert.Contains(Calls(), call => call[0] == "helm");
    }

    [Fact]
    public async Task Without_the_templates_outputs_it_stops_before_anything()
    {
        var run = await DeployAsync(missing: true, ("AZURE_RESOURCE_GROUP", ""), ("AICODER_SHARE", ""));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("not set: AZURE_RESOURCE_GROUP AICODER_SHARE. infra/bicep puts them out", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["calls"]));
    }

    [Fact]
    public async Task Where_programs_are_missing_it_names_them_all_before_anything()
    {
        var path = _folder["path"];
        Directory.CreateDirectory(path);
        foreach (var program in new[] { "sh", "dirname", "openssl" })
            File.CreateSymbolicLink(Path.Combine(path, program), Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, program)).First(File.Exists));

        var run = await DeployAsync(missing: true, ("PATH", path));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("not installed: az kubelogin kubectl helm.", run.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private Task<ToolRun> DeployAsync(bool missing, params (string Name, string Value)[] further)
    {
        _ = Tool.Helm;
        Directory.CreateDirectory(_folder["bin"]);
        foreach (var program in new[] { "az", "kubectl", "kubelogin", "helm", "git" })
        {
            File.WriteAllText(_folder["bin", program], Record);
            File.SetUnixFileMode(_folder["bin", program], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var environment = new Dictionary<string, string>(Outputs)
        {
            ["PATH"] = $"{_folder["bin"]}:{Environment.GetEnvironmentVariable("PATH")}", ["RECORD"] = _folder.Root, ["MISSING"] = missing ? "1" : "0",
        };
        foreach (var (name, value) in further)
            environment[name] = value;
        return Tool.RunAsync(Repository.PathOf("infra/deploy.sh"), [], environment: environment);
    }

    private List<string[]> Calls() => [.. File.ReadAllLines(_folder["calls"]).Select(line => line.TrimEnd('\t').Split('\t'))];

    private Task<string[]> SecretAsync(string name) => File.ReadAllLinesAsync(_folder[name], TestContext.Current.CancellationToken);
}
