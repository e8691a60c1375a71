using System.Collections.Concurrent;
using AiCoder.Core.Failures;
using AiCoder.Kubernetes.Tests.Api;
using AiCoder.Testing;

namespace AiCoder.Kubernetes.Tests.Runs;

/// <summary>An API server that stumbles, refuses or is gone.</summary>
public sealed class ApiServerTests
{
    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Each_call_that_fails_for_a_moment_is_made_again(int status)
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints("done"));
        var met = new ConcurrentDictionary<string, int>();
        world.Server.Fault = request => met.AddOrUpdate(request.Method + request.Path.Split('?')[0], 1, (_, times) => times + 1) == 1
            ? ApiServer.Status(status, "Busy", "try later") with { Headers = new() { ["Retry-After"] = "0" } }
            : null;

        Assert.Equal(0, (await world.RunAsync(new() { Image = RunWorld.Image, Environment = [new("A", "b")] })).ExitCode);

        Assert.Equal("done\n", world.OutputText);
        Assert.True(met.Count >= 6, string.Join(", ", met.Keys));
        Assert.All(met, call => Assert.True(call.Value >= 2, call.Key));
        Assert.Empty(world.Server.Jobs);
    }

    [Fact]
    public async Task The_server_says_how_long_to_wait_and_is_obeyed()
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints("done"));
        var times = new List<DateTimeOffset>();
        world.Server.Fault = request =>
        {
            if (request.Method != "POST")
                return null;
            times.Add(DateTimeOffset.UtcNow);
            return times.Count == 1 ? ApiServer.Status(429, "TooManyRequests", "slow down") with { Headers = new() { ["Retry-After"] = "1" } } : null;
        };

        await world.RunAsync();

        Assert.True(times[1] - times[0] > TimeSpan.FromMilliseconds(900), $"{times[1] - times[0]}");
    }

    [Fact]
    public async Task An_outage_in_the_middle_of_a_run_is_sat_out_and_said_once()
    {
        var down = false;
        await using var world = await RunWorld.CreateAsync();
        world.Server.Play = async pod =>
        {
            pod.Start();
            pod.Log.WriteLine("begun");
            await RunWorld.UntilAsync(() => world.OutputText.Length > 0);
            Volatile.Write(ref down, true);
            await RunWorld.UntilAsync(() => world.Said.Contains("does not answer as it should", StringComparison.Ordinal));
            Volatile.Write(ref down, false);
            pod.Log.WriteLine("ended");
            pod.End(0);
        };
        world.Server.Fault = request => Volatile.Read(ref down) && !request.Path.Contains("/log", StringComparison.Ordinal)
            ? ApiServer.Status(503, "ServiceUnavailable", "apiserver is shutting down")
            : null;

        Assert.Equal(0, (await world.RunAsync(bounds: RunWorld.Quick with { Cluster = RunWorld.Quick.Cluster with { Outage = TimeSpan.FromMinutes(5) } })).ExitCode);

        Assert.Equal("begun\nended\n", world.OutputText);
        Assert.Contains("answers again", world.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_that_is_answered_with_410_Gone_costs_nothing_but_another_look()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.FirstOfWatch = """{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","message":"too old resource version","reason":"Expired","code":410}}""";
        world.Server.Play = async pod =>
        {
            pod.Start();
            await RunWorld.UntilAsync(() => world.Server.Requests.Count(request => request.Path.Contains("watch=true", StringComparison.Ordinal)) > 2);
            pod.Log.WriteLine("done");
            pod.End(9);
        };

        Assert.Equal(9, (await world.RunAsync()).ExitCode);
        Assert.Equal("done\n", world.OutputText);
    }

    [Fact]
    public async Task Without_the_right_to_watch_it_is_looked_from_time_to_time()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.Fault = request => request.Path.Contains("watch=true", StringComparison.Ordinal) ? ApiServer.Status(403, "Forbidden", "no watch") : null;
        world.Server.Play = async pod =>
        {
            pod.Start();
            await RunWorld.UntilAsync(() => world.Server.Requests.Count(request => request.Path.Contains("watch=true", StringComparison.Ordinal)) > 2);
            pod.End(9);
        };

        Assert.Equal(9, (await world.RunAsync()).ExitCode);
    }

    [Theory]
    [InlineData(401, "Unauthorized", FailureCodes.InvalidToken, "credentials")]
    [InlineData(403, "jobs.batch is forbidden: User \"x\" cannot create resource \"jobs\"", FailureCodes.Forbidden, "cannot create resource")]
    [InlineData(422, "Job.batch is invalid: must be less than or equal to memory limit", FailureCodes.Configuration, "less than or equal")]
    public async Task A_refusal_is_not_tried_again_and_keeps_the_server_s_words(int status, string message, string code, string said)
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.Fault = _ => ApiServer.Status(status, "Refused", message);

        var failure = await world.FailAsync();

        Assert.Equal(code, failure.Code);
        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
        Assert.Single(world.Server.Requests, request => request.Method == "POST");
    }

    [Fact]
    public async Task Without_the_right_to_the_log_the_run_fails_soon_and_leaves_nothing()
    {
        await using var world = await RunWorld.CreateAsync(pod =>
        {
            pod.Start();
            return Task.CompletedTask;
        });
        world.Server.Fault = request => request.Path.Contains("/log", StringComparison.Ordinal) ? ApiServer.Status(403, "Forbidden", "cannot get resource \"pods/log\"") : null;

        var failure = await world.FailAsync();

        Assert.Equal(FailureCodes.Forbidden, failure.Code);
        Assert.Contains("pods/log", failure.Message, StringComparison.Ordinal);
        Assert.Empty(world.Server.Jobs);
    }

    [Fact]
    public async Task A_proxy_that_answers_in_HTML_is_quoted_shortly()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.Fault = _ => new Answer(404, "<html>" + new string('x', 5000));

        var failure = await world.FailAsync();

        Assert.Contains("<html>", failure.Message, StringComparison.Ordinal);
        Assert.InRange(failure.Message.Length, 100, 1500);
    }
}
