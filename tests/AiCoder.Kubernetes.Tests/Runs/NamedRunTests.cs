using AiCoder.Core.Failures;
using AiCoder.Kubernetes.Runs;
using AiCoder.Kubernetes.Tests.Api;
using k8s.Models;

namespace AiCoder.Kubernetes.Tests.Runs;

/// <summary>What a name that is taken already (409 AlreadyExists) means.</summary>
public sealed class NamedRunTests
{
    private static readonly RunRequest Request = new() { Image = RunWorld.Image, Name = "task-1", Environment = [new("TASK_INTENT", "add a login")], Arguments = ["run", "-"] };

    [Fact]
    public async Task The_same_request_again_goes_on_with_its_Job_and_another_is_refused()
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints("done", 7));
        await world.RunAsync(Request with { Keep = true });

        Assert.Equal(7, (await world.RunAsync(Request with { Keep = true })).ExitCode);
        Assert.Single(world.Server.Pods);
        Assert.Equal("done\ndone\n", world.OutputText);

        var failure = await world.FailAsync(Request with { Environment = [new("TASK_INTENT", "add a logout")] });
        Assert.Equal(FailureCodes.Configuration, failure.Code);
        Assert.Contains("task-1", failure.Message, StringComparison.Ordinal);
        Assert.Contains("delete job task-1", failure.Message, StringComparison.Ordinal);
        Assert.Single(world.Server.Jobs);
        Assert.DoesNotContain(world.Server.Requests, request => request.Method == "DELETE");
    }

    [Fact]
    public async Task A_Job_that_is_being_removed_is_waited_for()
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints("first"));
        var hold = world.Server.HoldsRemovals = new();
        await world.RunAsync(Request, RunWorld.Quick with { Removal = TimeSpan.FromMilliseconds(100) });
        Assert.Single(world.Server.Jobs);

        var second = world.RunAsync(Request);
        await RunWorld.UntilAsync(() => world.Said.Contains("still being removed", StringComparison.Ordinal));
        hold.SetResult();

        Assert.Equal(0, (await second).ExitCode);
        Assert.Equal("first\nfirst\n", world.OutputText);
    }

    [Fact]
    public async Task A_Job_that_is_never_gone_is_said_and_not_waited_for_without_end()
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints("first"));
        world.Server.HoldsRemovals = new();
        var impatient = RunWorld.Quick with { Removal = TimeSpan.FromMilliseconds(100) };
        await world.RunAsync(Request, impatient);

        var failure = await world.FailAsync(Request, impatient);

        Assert.Contains("still being removed", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_creation_whose_answer_was_lost_is_known_again()
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints("done"));
        var lost = 0;
        // The Job's, the Secret's and the start's answer, each once.
        world.Server.LostAnswer = request => request.Method is "POST" or "PATCH" && Interlocked.Increment(ref lost) is 1 or 3 or 5
            ? ApiServer.Status(500, "InternalError", "etcdserver: request timed out")
            : null;

        Assert.Equal(0, (await world.RunAsync(new() { Image = RunWorld.Image, Environment = [new("A", "b")] })).ExitCode);

        Assert.True(lost >= 5);
        Assert.Equal("done\n", world.OutputText);
        Assert.Empty(world.Server.Jobs);
    }

    [Fact]
    public async Task A_run_that_was_killed_before_its_Secret_was_made_is_finished_by_the_next()
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints("done"));
        world.Server.Fault = request => request.Path.EndsWith("/secrets", StringComparison.Ordinal) ? ApiServer.Status(403, "Forbidden", "no secrets for you") : null;
        var failure = await world.FailAsync(Request with { Keep = true });
        Assert.Equal(FailureCodes.Forbidden, failure.Code);
        Assert.Contains("no secrets for you", failure.Message, StringComparison.Ordinal);
        Assert.Empty(world.Server.Pods);

        world.Server.Fault = _ => null;
        Assert.Equal(0, (await world.RunAsync(Request)).ExitCode);
        Assert.Equal("done\n", world.OutputText);
    }

    [Fact]
    public async Task A_Secret_of_the_name_that_is_someone_else_s_is_left_alone()
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints("done"));
        world.Server.Add(new V1Secret { Metadata = new() { Name = "task-1-env" }, Data = new Dictionary<string, byte[]> { ["TASK_INTENT"] = "theirs"u8.ToArray() } });

        var failure = await world.FailAsync(Request);

        Assert.Contains("task-1-env", failure.Message, StringComparison.Ordinal);
        Assert.Empty(world.Server.Pods);
        Assert.Empty(world.Server.Jobs);
        Assert.Single(world.Server.Secrets);
    }

    [Fact]
    public void A_fingerprint_tells_requests_apart_and_shows_nothing_of_them()
    {
        var fingerprint = RunFingerprint.Of(Request);

        Assert.True(RunFingerprint.Matches(fingerprint, Request with { Keep = true, PendingTimeout = TimeSpan.FromHours(1) }));
        Assert.False(RunFingerprint.Matches(fingerprint, Request with { Arguments = ["run"] }));
        Assert.False(RunFingerprint.Matches(fingerprint, Request with { LimitMemory = "1Gi" }));
        Assert.False(RunFingerprint.Matches(fingerprint, Request with { Environment = [new("TASK_INTENT", "add a loginn")] }));
        Assert.NotEqual(fingerprint, RunFingerprint.Of(Request));
        Assert.False(RunFingerprint.Matches(null, Request));
        Assert.False(RunFingerprint.Matches("v1." + new string('z', 32) + "." + new string('z', 32), Request));
    }
}
