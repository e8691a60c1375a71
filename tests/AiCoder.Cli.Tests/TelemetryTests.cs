using System.Net.Sockets;
using System.Net;
using System.Text;
using AiCoder.Cli.Demonstration;
using AiCoder.Cli.Tests.Infrastructure;
using AiCoder.Demo;
using AiCoder.Testing.Processes;
using AiCoder.Testing.Tasks;
using AiCoder.Testing.Telemetry;
using AiCoder.Testing;

namespace AiCoder.Cli.Tests;

public sealed class TelemetryTests
{
    private const string Token = "glpat-ThisIsNotAToken42";
    private const string HeaderKey = "the-key-of-the-receiver";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_task_is_one_trace_with_a_span_for_each_activity_model_call_and_command_also_over_a_kill()
    {
        var hold = new Hold();
        var script = DemoScript.For(DemoProject.Shell);
        await using var world = await TaskWorld.CreateAsync(script: request => request.Turn == 2
            ? script(request) with { Gate = hold.WaitAsync() }
            : script(request));
        await using var receiver = await OtlpReceiver.StartAsync(Cancel);
        Export(world, receiver);
        using (var first = world.Start(world.Request("traced")))
        {
            await hold.Reached.WaitAsync(Cancel);
            // What was ended before the kill is known; what ran at it never will be.
            await receiver.ReceivedAsync(
                come => come.Count(IsChat) == 3 && come.Any(span => span.Name == "Analyze") && come.Any(span => span.Name == "Validate"), Cancel);
            first.Signal(AiCoderProcess.SigKill);
            await first.EndAsync(Cancel);
        }

        hold.Release();
        var resumed = await world.RunAsync("resume", "traced");

        Assert.True(resumed.ExitCode == 0, resumed.Error + resumed.Output);
        var spans = receiver.Spans;
        var root = Assert.Single(spans, span => span.Name == "accept task");
        Assert.Empty(root.Parent);
        Assert.All(spans, span => Assert.Equal((root.TraceId, "traced"), (span.TraceId, span.Attributes["task_id"])));
        foreach (var activity in new[] { "Clone", "Analyze", "Code", "Validate", "Commit", "Notify" })
            Assert.Contains(spans, span => span.Name == activity && span.Parent == root.SpanId && (string?)span.Attributes["aicoder.activity"] == activity);
        var task = Assert.Single(spans, span => span.Name == "task");
        Assert.Equal((root.SpanId, "completed", false), (task.Parent, task.Attributes["aicoder.task.status"], task.Error));

        var byId = spans.ToDictionary(span => span.SpanId);
        var chats = spans.Where(IsChat).ToList();
        // Five in all; the one in flight died with its process, and was asked again.
        Assert.Equal(5, chats.Count);
        Assert.Equal(["Analyze", "Code", "Code", null, null], chats.Select(chat => byId.GetValueOrDefault(chat.Parent)?.Name).OrderBy(name => name ?? "z"));
        Assert.All(chats, chat => Assert.True((long)chat.Attributes["gen_ai.usage.output_tokens"]! > 0));
        Assert.All(chats, chat => Assert.Equal((ScriptedModel.ModelName, "127.0.0.1"), (chat.Attributes["gen_ai.request.model"], chat.Attributes["server.address"])));
        var tests = spans.Where(span => span.Name == "test").ToList();
        Assert.All(tests, test => Assert.Equal("Validate", byId[test.Parent].Name));
        // The untouched clone's tests fail, which is an answer and no error; the changed one's pass.
        Assert.Contains(tests, test => (long)test.Attributes["process.exit.code"]! != 0 && !test.Error);
        Assert.Contains(tests, test => (long)test.Attributes["process.exit.code"]! == 0);
        Assert.Contains(spans, span => span.Name == "run_command" && byId[span.Parent].Name == "Code");
        Assert.All(spans, span => Assert.Equal("aicoder", span.Resource["service.name"]));
    }

    [Fact]
    public async Task Figures_arrive_and_no_secret_prompt_or_file_does()
    {
        await using var world = await TaskWorld.CreateAsync();
        await using var receiver = await OtlpReceiver.StartAsync(Cancel);
        Export(world, receiver);
        world.Environment["OTEL_EXPORTER_OTLP_HEADERS"] = $"x-key={HeaderKey}";
        world.Environment["OTEL_SERVICE_NAME"] = "coder-of-team-a";

        var run = await world.RunWithInputAsync(world.Request("figures", new { gitlab_api_token = Token }), "run", "-");

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        var points = receiver.Points;
        Assert.Contains(points, point => point is { Name: "aicoder.tasks", Value: 1 } && (string?)point.Attributes["aicoder.task.status"] == "completed");
        foreach (var activity in new[] { "Clone", "Analyze", "Code", "Validate", "Commit", "Notify" })
            Assert.Contains(points, point => point is { Name: "aicoder.activity.duration", Unit: "s", Count: > 0 } && (string?)point.Attributes["aicoder.activity"] == activity);
        foreach (var stage in new[] { "cloning", "analyzing", "coding", "testing", "committing" })
            Assert.Contains(points, point => point is { Name: "aicoder.stage.duration", Count: 1 } && (string?)point.Attributes["aicoder.stage"] == stage);
        var output = points.Where(point => point.Name == "aicoder.model.tokens" && (string?)point.Attributes["gen_ai.token.type"] == "output").Max(point => point.Value);
        Assert.Equal((double)run.Result["usage"]!["output_tokens"]!, output);
        Assert.Contains(points, point => point.Name == "aicoder.webhook.deliveries" && point.Value == world.Receiver.Deliveries.Count);
        Assert.All(points, point => Assert.DoesNotContain("task_id", point.Attributes.Keys));
        Assert.All(receiver.Spans, span => Assert.Equal("coder-of-team-a", span.Resource["service.name"]));
        Assert.All(receiver.Headers, headers => Assert.Equal(HeaderKey, headers["x-key"]));

        var told = Everything(receiver);
        foreach (var secret in new[] { Token, HeaderKey, "test-key-0123456789", TaskWorld.Secret, world.Project.Intent, (string)run.Result["plan"]!["summary"]!, world.Project.Files.Values.First(), "shop.git" })
            Assert.DoesNotContain(secret, told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_that_fails_says_so_in_its_trace_and_figures_with_its_code()
    {
        await using var world = await TaskWorld.CreateAsync(script: _ => ScriptedReply.Error(401, "no"));
        await using var receiver = await OtlpReceiver.StartAsync(Cancel);
        Export(world, receiver);

        var run = await world.RunAsync(world.Request("failed"));

        Assert.Equal((1, "authentication/invalid_token"), (run.ExitCode, run.ErrorCode));
        foreach (var name in new[] { "task", "Analyze", $"chat {ScriptedModel.ModelName}" })
            Assert.Contains(receiver.Spans, span => span.Name == name && span.Error && (string?)span.Attributes["error.type"] == run.ErrorCode);
        Assert.Contains(receiver.Points, point => point is { Name: "aicoder.tasks", Value: 1 }
            && (string?)point.Attributes["aicoder.task.status"] == "failed" && (string?)point.Attributes["error.type"] == run.ErrorCode);
    }

    [Fact]
    public async Task One_signal_alone_goes_to_its_own_address()
    {
        await using var world = await TaskWorld.CreateAsync();
        await using var receiver = await OtlpReceiver.StartAsync(Cancel);
        world.Environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = new Uri(receiver.Url, "v1/traces").AbsoluteUri;
        world.Environment["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf";
        world.Environment["OTEL_EXPORTER_OTLP_TRACES_HEADERS"] = $"x-key={HeaderKey}";

        var run = await world.RunAsync(world.Request("traces-only"));

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.Contains(receiver.Spans, span => span.Name == "task");
        Assert.Empty(receiver.Points);
        Assert.All(receiver.Headers, headers => Assert.Equal(HeaderKey, headers["x-key"]));
    }

    [Theory]
    [InlineData("grpc", true)]
    [InlineData("http/protobuf", true)]
    [InlineData("http/protobuf", false)]
    public async Task An_endpoint_that_is_not_there_or_never_answers_fails_no_task_and_holds_it_up_by_its_bound_only(string protocol, bool answers)
    {
        await using var world = await TaskWorld.CreateAsync();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        if (answers)
            silent.Stop();
        world.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://127.0.0.1:{port}";
        world.Environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol;
        world.Environment["OTEL_BSP_SCHEDULE_DELAY"] = "100";

        using var process = world.Start(world.Request("unheard"));
        await process.SaidAsync("completed:", Cancel);
        var ended = TimeProvider.System.GetTimestamp();
        var run = await process.EndAsync(Cancel);

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        // Five seconds by its word; a loaded machine gets some more.
        Assert.InRange(TimeProvider.System.GetElapsedTime(ended).TotalSeconds, 0, 30);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OpenTelemetry_is_loaded_only_where_a_variable_asks_for_it(bool asked)
    {
        var hold = new Hold();
        var script = DemoScript.For(DemoProject.Shell);
        await using var world = await TaskWorld.CreateAsync(script: request => script(request) with { Gate = hold.WaitAsync() });
        await using var receiver = await OtlpReceiver.StartAsync(Cancel);
        if (asked)
            Export(world, receiver);

        using var process = world.Start(world.Request("loaded", new { gitlab_api_token = Token }));
        await hold.Reached.WaitAsync(Cancel);
        var maps = await File.ReadAllTextAsync($"/proc/{process.Id}/maps", Cancel);
        hold.Release();

        Assert.Equal(0, (await process.EndAsync(Cancel)).ExitCode);
        Assert.Equal(asked, maps.Contains("/OpenTelemetry.dll", StringComparison.Ordinal));
        Assert.DoesNotContain("/Azure.Monitor.OpenTelemetry.Exporter.dll", maps, StringComparison.Ordinal);
        Assert.DoesNotContain("/Azure.Security.KeyVault.Secrets.dll", maps, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Application_Insights_gets_the_same_trace_and_figures()
    {
        await using var world = await TaskWorld.CreateAsync();
        await using var receiver = await OtlpReceiver.StartAsync(Cancel);
        world.Environment["APPLICATIONINSIGHTS_CONNECTION_STRING"] = $"InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint={receiver.Url}";
        // The exporter's reports about itself go to its makers.
        world.Environment["APPLICATIONINSIGHTS_STATSBEAT_DISABLED"] = "true";
        world.Environment["APPLICATIONINSIGHTS_SDKSTATS_DISABLED"] = "true";

        var run = await world.RunWithInputAsync(world.Request("insights", new { gitlab_api_token = Token }), "run", "-");

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        var told = string.Concat(receiver.Tracks);
        foreach (var expected in new[] { "\"Clone\"", "\"Commit\"", "accept task", "insights", "aicoder.tasks", "aicoder.model.tokens" })
            Assert.Contains(expected, told, StringComparison.Ordinal);
        foreach (var secret in new[] { Token, "test-key-0123456789", TaskWorld.Secret, world.Project.Intent })
            Assert.DoesNotContain(secret, told, StringComparison.Ordinal);
    }

    private static bool IsChat(ReceivedSpan span) => span.Name.StartsWith("chat ", StringComparison.Ordinal);

    private static void Export(TaskWorld world, OtlpReceiver receiver)
    {
        world.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.Url.AbsoluteUri;
        world.Environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        world.Environment["OTEL_BSP_SCHEDULE_DELAY"] = "100";
    }

    private static string Everything(OtlpReceiver receiver) => string.Concat(receiver.Bodies.Select(Encoding.UTF8.GetString));
}
