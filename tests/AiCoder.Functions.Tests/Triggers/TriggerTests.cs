using System.Reflection;
using System.Text;
using AiCoder.Core.Api;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Functions.Tests.Infrastructure;
using AiCoder.Functions.Triggers;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiCoder.Functions.Tests.Triggers;

public sealed class TriggerTests : IDisposable
{
    private const string Key = "key-of-the-service-0123456789";

    private readonly HostFixture _fixture = new();

    private static CancellationToken Stop => HostFixture.Stop;

    [Theory]
    [InlineData(null, 401)]
    [InlineData("wrong", 401)]
    [InlineData(Key, 200)]
    public async Task Where_a_key_is_set_only_that_key_opens_the_API(string? shown, int status)
    {
        var context = new DefaultHttpContext { Response = { Body = new MemoryStream() } };
        if (shown is not null)
            context.Request.Headers["X-API-Key"] = shown;
        var gate = new RequestGate(_fixture.Options with { ServiceKey = Key }, NullLogger<RequestGate>.Instance);

        await (await gate.AnswerAsync(context.Request, () => Task.FromResult(TaskApi.Live))).ExecuteAsync(context);

        Assert.Equal(status, context.Response.StatusCode);
        Assert.Equal("no-store", context.Response.Headers.CacheControl);
    }

    [Theory]
    [InlineData("application/json", 10, 200)]
    [InlineData("application/json", TaskRequestReader.LargestRequest + 1, 413)]
    [InlineData("text/plain", 10, 415)]
    [InlineData(null, 0, 200)]
    public async Task A_body_is_taken_as_JSON_and_within_its_bound(string? type, int length, int status) =>
        Assert.Equal(status, await BodyStatusAsync(type, Encoding.UTF8.GetBytes(new string(' ', length))));

    [Fact]
    public async Task A_body_that_is_no_UTF8_is_refused() => Assert.Equal(400, await BodyStatusAsync("application/json", [0x7b, 0xff, 0x7d]));

    [Fact]
    public async Task What_nobody_expected_is_answered_without_its_inside()
    {
        var context = new DefaultHttpContext { Response = { Body = new MemoryStream() } };
        var gate = new RequestGate(_fixture.Options, NullLogger<RequestGate>.Instance);

        await (await gate.AnswerAsync(context.Request, () => throw new InvalidOperationException("the inside"))).ExecuteAsync(context);

        Assert.Equal(500, context.Response.StatusCode);
        Assert.DoesNotContain("the inside", Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_comes_again_is_the_same_task_and_what_can_not_be_taken_is_handed_back_for_the_poison_queue()
    {
        const string message = """{"repo_url": "https://git.example.com/g/p.git", "intent": "add a login"}""";
        var queue = new QueueFunctions(_fixture.Tasks, _fixture.Options, NullLogger<QueueFunctions>.Instance);

        Assert.Null(await queue.TakeAsync(message, "m-1", _fixture.Hub, Stop));
        Assert.Null(await queue.TakeAsync(Convert.ToBase64String(Encoding.UTF8.GetBytes(message)), "m-1", _fixture.Hub, Stop));
        Assert.Single((await _fixture.Host.ListAsync(10, null, Stop)).Tasks);
        var other = message.Replace("login", "logout", StringComparison.Ordinal);
        Assert.Equal(other, await queue.TakeAsync(other, "m-1", _fixture.Hub, Stop));
        Assert.Equal("no task", await queue.TakeAsync("no task", "m-2", _fixture.Hub, Stop));
        Assert.Equal("{\"x\": 1}", await queue.TakeAsync("{\"x\": 1}", "m-3", _fixture.Hub, Stop));
    }

    [Fact]
    public async Task Trouble_of_our_own_is_thrown_and_the_message_comes_again()
    {
        _fixture.Hub.FailBefore = new TimeoutException();
        var queue = new QueueFunctions(_fixture.Tasks, _fixture.Options, NullLogger<QueueFunctions>.Instance);

        await Assert.ThrowsAsync<FailureException>(() => queue.TakeAsync("""{"repo_url": "https://git.example.com/g/p.git", "intent": "x"}""", "m", _fixture.Hub, Stop));
    }

    [Fact]
    public async Task The_hourly_clean_up_removes_old_tasks_and_secrets_that_belong_to_nobody_and_no_others()
    {
        await _fixture.Host.StartAsync(_fixture.Task("old", token: "token-0123456789"), Stop);
        await _fixture.Host.StartAsync(_fixture.Task("running", token: "token-0123456789"), Stop);
        await _fixture.Secrets.PutAsync($"gone.{Guid.NewGuid():n}", new TaskSecrets { Token = "token-0123456789" }, Stop);
        await _fixture.Secrets.PutAsync($"young.{Guid.NewGuid():n}", new TaskSecrets { Token = "token-0123456789" }, Stop);
        // Of a command line that shares the folder.
        await _fixture.Secrets.PutAsync("foreign", new TaskSecrets { Token = "token-0123456789" }, Stop);
        foreach (var file in Directory.GetFiles(Path.Combine(_fixture.Options.StateDir, "secrets")).Where(file => !file.Contains("young", StringComparison.Ordinal)))
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-2));
        _fixture.Hub.Set("old", OrchestrationRuntimeStatus.Completed, output: new TaskResult { TaskId = "old", Status = TaskState.Completed }, at: DateTimeOffset.UtcNow.AddDays(-8));

        await new CleanupFunction(_fixture.Tasks, _fixture.Options, _fixture.Secrets, _fixture.Workspaces, TimeProvider.System, NullLogger<CleanupFunction>.Instance)
            .RunAsync(new TimerInfo(), _fixture.Hub, Stop);

        Assert.Equal(["running"], (await _fixture.Host.ListAsync(10, null, Stop)).Tasks.Select(task => task.TaskId));
        Assert.Equal(["foreign", "running", "young"], _fixture.Secrets.FindOlderThan(DateTimeOffset.UtcNow.AddDays(1)).Select(reference => reference.Split('.')[0]).Order());
    }

    [Fact]
    public void Health_answers_HEAD_as_well_and_nothing_else_is_open_to_all()
    {
        var open = typeof(HttpFunctions).GetMethods()
            .SelectMany(method => method.GetParameters().SelectMany(parameter => parameter.GetCustomAttributes<HttpTriggerAttribute>()))
            .Where(trigger => trigger.AuthLevel == AuthorizationLevel.Anonymous);

        var health = Assert.Single(open);
        Assert.Equal("health/{kind?}", health.Route);
        Assert.Equal(["get", "head"], health.Methods!);
    }

    [Fact]
    public void Every_class_with_functions_can_be_made_of_what_the_app_registers()
    {
        var services = new ServiceCollection().AddLogging().AddSingleton<IHostApplicationLifetime, NoLifetime>().AddAiCoder();
        var classes = typeof(HttpFunctions).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(HttpFunctions).Namespace && type.GetMethods().Any(method => method.IsDefined(typeof(FunctionAttribute), inherit: false)));
        using var provider = services.AddSingleton(_fixture.Options).BuildServiceProvider();

        Assert.All(classes, type => Assert.NotNull(ActivatorUtilities.CreateInstance(provider, type)));
        Assert.True(classes.Count() >= 4);
    }

    public void Dispose() => _fixture.Dispose();

    private async Task<int> BodyStatusAsync(string? type, byte[] body)
    {
        var context = new DefaultHttpContext { Request = { Body = new MemoryStream(body), ContentType = type }, Response = { Body = new MemoryStream() } };
        var gate = new RequestGate(_fixture.Options, NullLogger<RequestGate>.Instance);
        await (await gate.WithBodyAsync(context.Request, _ => Task.FromResult(TaskApi.Live), Stop)).ExecuteAsync(context);
        return context.Response.StatusCode;
    }

    private sealed class NoLifetime : IHostApplicationLifetime
    {
        public CancellationToken ApplicationStarted => default;
        public CancellationToken ApplicationStopping => default;
        public CancellationToken ApplicationStopped => default;

        public void StopApplication()
        {
        }
    }
}
