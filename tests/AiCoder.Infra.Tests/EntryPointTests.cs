using System.Text.Json.Nodes;
using AiCoder.Infra.Tests.Infrastructure;
using AiCoder.Testing.Tasks;

namespace AiCoder.Infra.Tests;

/// <summary>The image's entry point as a user who is not root, on a read-only root, under our seccomp profile.</summary>
[Collection(PublishedImage.Name)]
public sealed class EntryPointTests(PublishedImage image)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_task_of_the_environment_runs_in_the_sandbox_and_once_it_has_ended_prints_its_result_again()
    {
        await using var around = await TaskSurroundings.CreateAsync(cancellationToken: Stop);
        using var container = new Container(image);
        UseModelOf(container, around);
        container.Variables["REPO_URL"] = around.RepositoryUrl;
        container.Variables["TASK_INTENT"] = around.Project.Intent;
        container.Variables["TASK_ID"] = "task_001";
        container.Variables["WEBHOOK_URL"] = around.Receiver.Url.AbsoluteUri;
        container.Variables["WEBHOOK_SECRET"] = TaskSurroundings.Secret;

        var run = await container.RunAsync();

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.Equal("completed", (string?)run.Result["status"]);
        Assert.Equal("passed", (string?)run.Result["test_results"]!["verdict"]);
        Assert.Equal(await around.HeadOfAsync("ai/task_001"), (string?)run.Result["commit_hash"]);

        // The specification's Deployment: a container that has ended is started again, on the volume that it left.
        var (requests, deliveries) = (around.Model.Requests.Count, around.Receiver.Deliveries.Count);
        var again = await container.RunAsync();

        Assert.Equal(run.ExitCode, again.ExitCode);
        Assert.Equal(run.Output, again.Output);
        Assert.Equal(1, around.PushesOf("ai/task_001"));
        Assert.Equal(requests, around.Model.Requests.Count);
        Assert.Equal(deliveries, around.Receiver.Deliveries.Count);
    }

    [Fact]
    public async Task A_task_is_taken_as_the_one_argument_and_Chinese_text_is_printed_as_itself()
    {
        await using var around = await TaskSurroundings.CreateAsync(cancellationToken: Stop);
        using var container = new Container(image);
        UseModelOf(container, around);
        var request = new JsonObject { ["task_id"] = "task_002", ["repo_url"] = around.RepositoryUrl, ["intent"] = "满一百就打折", ["metadata"] = new JsonObject { ["部门"] = "商店" } };

        var run = await container.RunAsync(request.ToJsonString());

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.Equal(await around.HeadOfAsync("ai/task_002"), (string?)run.Result["commit_hash"]);
        Assert.DoesNotContain("\\u", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_service_answers_its_health_check_and_stops_at_SIGTERM()
    {
        using var container = new Container(image);
        container.Variables["AICODER_API_KEY"] = "a-key-for-this-test-alone";
        container.Variables["OPENAI_API_KEY"] = "not-used";
        var port = FreePort();
        container.Variables["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        using var serve = container.Start("serve");
        await serve.SaidAsync("aicoder listens on", Stop);

        // As the engine runs it: beside process 1, whose arguments say that it serves.
        var cmdline = container.Write("cmdline", "/usr/bin/tini\0--\0/app/entrypoint\0serve\0");
        var healthy = await HealthAsync(cmdline, port);
        serve.Signal(AiCoder.Testing.Processes.AiCoderProcess.SigTerm);
        await serve.EndAsync(Stop);
        var gone = await HealthAsync(cmdline, port);
        var oneShot = await HealthAsync(container.Write("cmdline", "/usr/bin/tini\0--\0/app/entrypoint\0"), port);

        Assert.True(healthy.ExitCode == 0, healthy.Error);
        Assert.NotEqual(0, gone.ExitCode);
        Assert.Equal(0, oneShot.ExitCode);
    }

    [Fact]
    public async Task The_service_refuses_to_serve_everybody_where_no_key_is_set()
    {
        using var container = new Container(image);
        container.Variables["OPENAI_API_KEY"] = "not-used";

        var run = await container.RunAsync("serve");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("AICODER_API_KEY", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_of_the_image_runs_as_the_images_user_who_can_write_only_the_workspace_and_tmp()
    {
        using var container = new Container(image);

        var run = await container.RunAsync("sh", "-c", "id -u; touch /workspace/a /tmp/b && echo may; touch /app/c /usr/d /etc/e /home/app/f 2>/dev/null || echo may not; ls /app/c /usr/d /etc/e /home/app/f 2>/dev/null");

        Assert.Equal("1654\nmay\nmay not\n", run.Output);
    }

    [Theory]
    [InlineData("python")]
    [InlineData("python3")]
    public async Task The_specifications_command_is_answered_with_what_takes_its_place(string python)
    {
        using var container = new Container(image);

        var run = await container.RunAsync(python, "/app/main.py", "{}");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("'aicoder' takes its place", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("aicoder")]
    [InlineData(null)]
    public async Task A_command_of_aicoder_is_that_command_with_its_name_and_without(string? name)
    {
        using var container = new Container(image);
        container.Variables["OPENAI_API_KEY"] = "not-used";

        var run = await container.RunAsync([.. name is null ? Array.Empty<string>() : [name], "list", "--json"]);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal("[]", run.Output.Trim());
    }

    private static void UseModelOf(Container container, TaskSurroundings around)
    {
        container.Variables["OPENAI_BASE_URL"] = around.Model.BaseUrl.AbsoluteUri;
        container.Variables["OPENAI_API_KEY"] = "the-script-needs-no-key";
        container.Variables["OPENAI_MODEL"] = "qwen-coder";
    }

    private static Task<ToolRun> HealthAsync(string cmdline, int port) => Tool.RunAsync(
        Repository.PathOf("infra/docker/healthcheck"), [],
        environment: new Dictionary<string, string> { ["HEALTHCHECK_CMDLINE"] = cmdline, ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}" });

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
