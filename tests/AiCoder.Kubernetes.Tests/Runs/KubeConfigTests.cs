using System.Net;
using System.Net.Sockets;
using AiCoder.Kubernetes.Tests.Api;

namespace AiCoder.Kubernetes.Tests.Runs;

/// <summary>Which cluster is meant, and what is said where there is none.</summary>
public sealed class KubeConfigTests
{
    [Fact]
    public async Task Without_any_cluster_it_says_where_it_looked()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Variables["KUBECONFIG"] = "";

        var run = await world.ProcessAsync("k8s", "run", "i");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("No cluster is configured", run.Error, StringComparison.Ordinal);
        Assert.Contains("~/.kube/config", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_file_in_the_home_folder_is_the_default()
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints("done"));
        world.Variables["KUBECONFIG"] = "";
        Directory.CreateDirectory(world.Folder[".kube"]);
        world.Server.WriteKubeConfig(world.Folder[".kube", "config"]);

        var run = await world.ProcessAsync("k8s", "run", RunWorld.Image);

        Assert.Equal(("done\n", 0), (run.Output, run.ExitCode));
    }

    [Fact]
    public async Task Several_files_are_read_as_one_and_missing_ones_passed_over()
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints("done"));
        world.Server.WriteKubeConfig(world.Folder["one"], "nowhere", "http://127.0.0.1:1");
        world.Server.WriteKubeConfig(world.Folder["two"], "here");
        world.Variables["KUBECONFIG"] = $"{world.Folder["none"]}:{world.Folder["one"]}:{world.Folder["two"]}";

        var run = await world.ProcessAsync("k8s", "run", "--context", "here", RunWorld.Image);

        Assert.Equal(("done\n", 0), (run.Output, run.ExitCode));
    }

    [Theory]
    [InlineData("text", "not: [yaml", "can't be read")]
    [InlineData("text", "apiVersion: v1\nkind: Config\n", "no current context")]
    [InlineData("context", "elsewhere", "no context 'elsewhere'. It has test.")]
    [InlineData("missing", "", "names no file that exists")]
    public async Task A_wrong_kubeconfig_is_said_with_what_is_wrong(string kind, string value, string said)
    {
        await using var world = await RunWorld.CreateAsync();
        if (kind == "text")
            await File.WriteAllTextAsync(world.KubeConfig, value, TestContext.Current.CancellationToken);
        if (kind == "missing")
            File.Delete(world.KubeConfig);

        var run = await world.ProcessAsync(["k8s", "run", .. kind == "context" ? ["--context", value] : Array.Empty<string>(), "i"]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.Empty(world.Server.Requests);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_given_up_soon()
    {
        await using var world = await RunWorld.CreateAsync();
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        world.Server.WriteKubeConfig(world.KubeConfig, server: $"http://127.0.0.1:{port}");

        var run = await world.ProcessAsync("k8s", "run", "i");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("network/refused", run.Error, StringComparison.Ordinal);
        Assert.Contains("can't be reached", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_namespace_that_is_not_there_is_said()
    {
        await using var world = await RunWorld.CreateAsync();

        var run = await world.ProcessAsync("k8s", "run", "-n", "other", "i");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("namespaces \"other\" not found", run.Error, StringComparison.Ordinal);
    }
}
