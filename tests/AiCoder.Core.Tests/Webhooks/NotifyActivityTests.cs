using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using AiCoder.Core.Activities;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Network;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Tests.Activities;
using AiCoder.Core.Webhooks;
using AiCoder.Demo;

namespace AiCoder.Core.Tests.Webhooks;

public sealed class NotifyActivityTests : IDisposable
{
    private const string Standard = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private readonly string _state = Directory.CreateTempSubdirectory("aicoder-notify-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Theory]
    [InlineData(Standard)]
    [InlineData("plain text secret 密")]
    public async Task An_event_arrives_in_the_designed_form_and_signed(string secret)
    {
        await using var receiver = await WebhookReceiver.StartAsync(secret, cancellationToken: Stop);
        var output = await NotifyAsync(Operators(receiver.Url, secret), null, Event(2, new() { ["repo"] = "https://例子.example/r.git" }));

        Assert.False(output.Stop);
        var delivery = Assert.Single(receiver.Deliveries);
        Assert.True(delivery.SignatureValid);
        Assert.Equal(
            """{"task_id":"task_001","status":"cloning","timestamp":"2024-01-15T10:30:00Z","data":{"repo":"https://例子.example/r.git","progress":5,"sequence":2}}""",
            delivery.Body);
        Assert.Equal("application/json; charset=utf-8", delivery.Headers["Content-Type"]);
        Assert.InRange(
            long.Parse(delivery.Headers["webhook-timestamp"], null) - DateTimeOffset.UtcNow.ToUnixTimeSeconds(), -60, 60);
    }

    [Fact]
    public async Task Without_a_secret_id_and_timestamp_stay_and_signatures_do_not()
    {
        await using var receiver = await WebhookReceiver.StartAsync(cancellationToken: Stop);
        await NotifyAsync(Operators(receiver.Url, null), null, Event(1));
        var headers = Assert.Single(receiver.Deliveries).Headers;
        Assert.StartsWith("msg_", headers["webhook-id"], StringComparison.Ordinal);
        Assert.NotEmpty(headers["webhook-timestamp"]);
        Assert.DoesNotContain("webhook-signature", headers.Keys);
        Assert.DoesNotContain("X-Hub-Signature-256", headers.Keys);
    }

    [Fact]
    public async Task The_id_is_the_same_over_tries_and_restarts_and_differs_between_events()
    {
        await using var receiver = await WebhookReceiver.StartAsync(answer: number => new(number == 1 ? 500 : 204), cancellationToken: Stop);
        await FailureOf(Operators(receiver.Url, null), null, Event(1));
        await NotifyAsync(Operators(receiver.Url, null), null, Event(1));
        await NotifyAsync(Operators(receiver.Url, null), null, Event(2));
        var ids = receiver.Deliveries.Select(delivery => delivery.Id).ToArray();
        Assert.Equal(ids[0], ids[1]);
        Assert.NotEqual(ids[0], ids[2]);
    }

    [Theory]
    [InlineData(301, FailureCodes.ServerError)]
    [InlineData(302, FailureCodes.ServerError)]
    [InlineData(307, FailureCodes.ServerError)]
    [InlineData(304, FailureCodes.ServerError)]
    [InlineData(400, FailureCodes.ServerError)]
    [InlineData(401, FailureCodes.ServerError)]
    [InlineData(404, FailureCodes.ServerError)]
    [InlineData(429, FailureCodes.RateLimited)]
    [InlineData(500, FailureCodes.ServerError)]
    [InlineData(503, FailureCodes.ServerError)]
    public async Task Any_other_answer_is_a_failure_that_is_tried_again(int status, string code)
    {
        await using var receiver = await WebhookReceiver.StartAsync(
            answer: _ => new(status, Headers: new Dictionary<string, string> { ["Location"] = "/elsewhere" }), cancellationToken: Stop);
        var failure = await FailureOf(Operators(receiver.Url, null), null, Event(1));
        Assert.Equal(code, failure.Code);
        Assert.True(failure.Retryable);
        Assert.Contains($"{status}", failure.Message, StringComparison.Ordinal);
        Assert.Single(receiver.Deliveries);
    }

    [Fact]
    public async Task A_410_says_that_no_more_is_wanted()
    {
        await using var receiver = await WebhookReceiver.StartAsync(answer: _ => new(410), cancellationToken: Stop);
        Assert.True((await NotifyAsync(Operators(receiver.Url, null), null, Event(1))).Stop);
    }

    [Fact]
    public async Task An_event_that_nobody_wants_is_not_sent()
    {
        await using var receiver = await WebhookReceiver.StartAsync(cancellationToken: Stop);
        Assert.False((await NotifyAsync(Operators(receiver.Url, null), null, Event(1), deliver: false)).Stop);
        Assert.Empty(receiver.Deliveries);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Retry_after_is_passed_on(int status)
    {
        var later = DateTimeOffset.UtcNow.AddMinutes(10).ToString("r");
        await using var receiver = await WebhookReceiver.StartAsync(
            answer: number => new(status, Headers: new Dictionary<string, string> { ["Retry-After"] = number == 1 ? "17" : later }),
            cancellationToken: Stop);
        Assert.Equal(17, (await FailureOf(Operators(receiver.Url, null), null, Event(1))).RetryAfter);
        Assert.InRange((await FailureOf(Operators(receiver.Url, null), null, Event(1))).RetryAfter!.Value, 500, 600);
    }

    [Fact]
    public async Task A_receiver_that_hangs_is_given_up_after_ten_seconds()
    {
        await using var receiver = await WebhookReceiver.StartAsync(answer: _ => new(0, Hang: true), cancellationToken: Stop);
        var started = DateTime.UtcNow;
        var failure = await FailureOf(Operators(receiver.Url, null), null, Event(1));
        Assert.Equal(FailureCodes.Timeout, failure.Code);
        Assert.InRange((DateTime.UtcNow - started).TotalSeconds, 9.5, 60);
    }

    [Fact]
    public async Task Stopping_ends_a_try_at_once_and_is_no_failure()
    {
        await using var receiver = await WebhookReceiver.StartAsync(answer: _ => new(0, Hang: true), cancellationToken: Stop);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var run = NotifyAsync(Operators(receiver.Url, null), null, Event(1), stop.Token);
        await receiver.WaitForAsync(deliveries => deliveries.Count == 1, Stop);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Fact]
    public async Task A_connection_that_breaks_and_one_that_is_refused_are_tried_again()
    {
        await using var receiver = await WebhookReceiver.StartAsync(answer: _ => new(0, Abort: true), cancellationToken: Stop);
        var failure = await FailureOf(Operators(receiver.Url, null), null, Event(1));
        Assert.Equal(FailureCodes.Reset, failure.Code);

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var free = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        failure = await FailureOf(Operators(new Uri($"http://127.0.0.1:{free}/secret-path"), null), null, Event(1));
        Assert.Equal(FailureCodes.Refused, failure.Code);
        Assert.True(failure.Retryable);
        Assert.DoesNotContain("secret-path", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_may_not_name_a_private_address_but_the_operator_may()
    {
        await using var receiver = await WebhookReceiver.StartAsync(cancellationToken: Stop);
        var options = Operators(new Uri("https://hooks.example/x"), "s3cret-s3cret");
        Assert.Equal(FailureCodes.AddressNotAllowed, (await FailureOf(options, receiver.Url.ToString(), Event(1))).Code);
        Assert.Empty(receiver.Deliveries);

        await NotifyAsync(options with { AllowedNetworks = ["127.0.0.0/8"] }, receiver.Url.ToString(), Event(1));
        Assert.Single(receiver.Deliveries);
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("gopher://127.0.0.1/")]
    [InlineData("not an address")]
    public async Task What_is_no_http_address_is_refused(string url) =>
        Assert.Equal(FailureCodes.AddressNotAllowed, (await FailureOf(Operators(new Uri("https://hooks.example/x"), null), url, Event(1))).Code);

    [Fact]
    public async Task Without_any_address_nothing_is_sent() =>
        Assert.False((await NotifyAsync(Operators(null, "x"), null, Event(1))).Stop);

    [Fact]
    public async Task A_callers_address_is_signed_with_the_callers_secret_and_never_with_the_operators()
    {
        await using var receiver = await WebhookReceiver.StartAsync(cancellationToken: Stop);
        var options = Operators(new Uri("https://hooks.example/x"), "operators-secret") with { AllowedNetworks = ["127.0.0.1"] };
        await NotifyAsync(options, receiver.Url.ToString(), Event(1));
        await NotifyAsync(options, receiver.Url.ToString(), Event(2), secrets: new() { WebhookSecret = Standard });
        await NotifyAsync(options with { CallerIsOperator = true }, receiver.Url.ToString(), Event(3));
        await NotifyAsync(options with { WebhookUrl = receiver.Url }, receiver.Url.ToString(), Event(4), secrets: new() { WebhookSecret = Standard });

        var signatures = receiver.Deliveries.Select(delivery => delivery.Headers.GetValueOrDefault("X-Hub-Signature-256")).ToArray();
        Assert.Null(signatures[0]);
        Assert.Equal(Expected(Standard, 1), signatures[1]);
        Assert.Equal(Expected("operators-secret", 2), signatures[2]);
        Assert.Equal(Expected("operators-secret", 3), signatures[3]);

        string Expected(string secret, int index) => WebhookSignature.GitHub(
            WebhookSignature.KeyOf(secret), System.Text.Encoding.UTF8.GetBytes(receiver.Deliveries[index].Body));
    }

    [Fact]
    public async Task No_known_secret_is_in_a_body()
    {
        await using var receiver = await WebhookReceiver.StartAsync(cancellationToken: Stop);
        var options = Operators(receiver.Url, "operators-secret") with { ApiKey = "sk-operators" };
        var data = new JsonObject
        {
            ["error"] = "401 for sk-operators and callers-\"token\"",
            ["list"] = new JsonArray("a", new JsonObject { ["callers-\"token\""] = "operators-secret" }),
        };
        await NotifyAsync(options, null, Event(1, data), secrets: new() { Token = "callers-\"token\"" });
        var body = Assert.Single(receiver.Deliveries).Body;
        Assert.DoesNotContain("sk-operators", body, StringComparison.Ordinal);
        Assert.DoesNotContain("operators-secret", body, StringComparison.Ordinal);
        Assert.DoesNotContain("callers-", body, StringComparison.Ordinal);
        Assert.Contains("401 for [redacted] and [redacted]", body, StringComparison.Ordinal);
    }

    private static async Task<Failure> FailureOf(AiCoderOptions options, string? url, TaskEvent taskEvent) =>
        (await Assert.ThrowsAsync<FailureException>(() => NotifyAsync(options, url, taskEvent))).Failure;

    private static async Task<NotifyOutput> NotifyAsync(
        AiCoderOptions options, string? url, TaskEvent taskEvent, CancellationToken? stop = null, TaskSecrets? secrets = null, bool deliver = true)
    {
        using var store = new ProtectedSecretStore(options);
        await store.PutAsync(taskEvent.TaskId, secrets ?? TaskSecrets.None, Stop);
        using var client = new WebhookClient(new AddressGuard(options), TimeProvider.System);
        var activity = new NotifyActivity(options, store, client);
        return await activity.RunAsync(new NotifyInput(url, taskEvent, 1, deliver), NoSignals.ContextOf(taskEvent.TaskId), stop ?? Stop);
    }

    private AiCoderOptions Operators(Uri? url, string? secret) =>
        new() { WorkspaceDir = _state, StateDir = _state, WebhookUrl = url, WebhookSecret = secret };

    private static TaskEvent Event(int sequence, JsonObject? data = null)
    {
        data ??= [];
        data["progress"] = 5;
        data["sequence"] = sequence;
        return new("task_001", TaskState.Cloning, new DateTime(2024, 1, 15, 10, 30, 0, DateTimeKind.Utc), data);
    }
}
