using AiCoder.Core.Failures;
using AiCoder.Kubernetes.Clusters;
using AiCoder.Kubernetes.Runs;
using AiCoder.Kubernetes.Tests.Api;
using k8s.Models;

namespace AiCoder.Kubernetes.Tests.Runs;

/// <summary>Everything that keeps a container from running, or takes it away.</summary>
public sealed class TroubleTests
{
    [Theory]
    [InlineData("ErrImagePull", "failed to resolve reference: registry.example.com/ai-coder:1.0: not found", "can't be pulled", "--image-pull-secret")]
    [InlineData("ImagePullBackOff", "Back-off pulling image: ErrImagePull: 401 Unauthorized", "can't be pulled", "Unauthorized")]
    [InlineData("InvalidImageName", "couldn't parse image name", "no image's name", "couldn't parse")]
    [InlineData("ErrImageNeverPull", "Container image is not present with pull policy of Never", "may not pull it", "pull policy")]
    [InlineData("CreateContainerConfigError", "configmap \"x\" not found", "can't be set up", "configmap \"x\" not found")]
    [InlineData("CreateContainerConfigError", "container has runAsNonRoot and image will run as root", "starts as root", "--allow-root")]
    [InlineData("CreateContainerConfigError", "container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root", "USER 10001", "--allow-root")]
    public async Task What_waiting_would_not_change_fails_at_once_and_says_what_to_do(string reason, string message, string what, string hint)
    {
        await using var world = await RunWorld.CreateAsync(pod =>
        {
            pod.Wait(reason, message);
            return Task.CompletedTask;
        });

        var failure = await world.FailAsync(bounds: RunWorld.Quick with { Grace = TimeSpan.FromMinutes(10) });

        Assert.Equal(FailureCodes.Configuration, failure.Code);
        Assert.Contains(what, failure.Message, StringComparison.Ordinal);
        Assert.Contains(hint, failure.Message, StringComparison.Ordinal);
        Assert.Empty(world.Server.Jobs);
    }

    [Fact]
    public async Task A_registry_that_is_busy_for_a_moment_stops_nothing()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.Play = async pod =>
        {
            pod.Wait("ErrImagePull", "rpc error: dial tcp: i/o timeout");
            await RunWorld.UntilAsync(() => world.Said.Contains("i/o timeout", StringComparison.Ordinal));
            await RunWorld.Prints("done")(pod);
        };

        Assert.Equal(0, (await world.RunAsync(bounds: RunWorld.Quick with { Grace = TimeSpan.FromMinutes(5) })).ExitCode);
    }

    [Fact]
    public async Task A_registry_that_stays_busy_is_given_up_with_its_own_words_although_the_back_off_has_none()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.Play = pod =>
        {
            world.Server.Note(pod.Pod.Metadata.Uid, "Failed", "Failed to pull image: 503 Service Unavailable");
            pod.Wait("ImagePullBackOff", "Back-off pulling image \"registry.example.com/ai-coder:1.0\"");
            return Task.CompletedTask;
        };

        var failure = await world.FailAsync(bounds: RunWorld.Quick with { Grace = TimeSpan.FromMilliseconds(300) });

        Assert.Contains("503 Service Unavailable", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unschedulable_pod_is_given_up_after_its_bound_with_the_scheduler_s_words()
    {
        await using var world = await RunWorld.CreateAsync(pod =>
        {
            pod.Unschedulable("0/3 nodes are available: 3 Insufficient memory");
            return Task.CompletedTask;
        });

        var failure = await world.FailAsync(new() { Image = RunWorld.Image, PendingTimeout = TimeSpan.FromMilliseconds(300) });

        Assert.Contains("3 Insufficient memory", failure.Message, StringComparison.Ordinal);
        Assert.Contains("--request-memory", failure.Message, StringComparison.Ordinal);
        Assert.Empty(world.Server.Jobs);
    }

    [Fact]
    public async Task A_pod_that_gets_its_node_in_time_runs()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.Play = async pod =>
        {
            pod.Unschedulable("0/0 nodes are available");
            await RunWorld.UntilAsync(() => world.Said.Contains("0/0 nodes", StringComparison.Ordinal));
            await RunWorld.Prints("done")(pod);
        };

        Assert.Equal(0, (await world.RunAsync()).ExitCode);
    }

    [Fact]
    public async Task Time_that_was_spent_waiting_for_a_node_is_not_taken_from_a_registry_s()
    {
        await using var world = await RunWorld.CreateAsync();
        using var cluster = Cluster.Open(_ => world.KubeConfig, null, null, TimeProvider.System);
        var time = new SteppedTime();
        var request = new RunRequest { Image = RunWorld.Image, PendingTimeout = TimeSpan.FromMinutes(5) };
        var bounds = new RunBounds { Grace = TimeSpan.FromSeconds(20) };
        var job = new V1Job { Metadata = new() { Name = "job", Uid = "uid" } };
        var watch = new TroubleWatch(cluster, new ClusterCalls(bounds.Cluster, _ => { }, time), request, bounds, job, _ => { }, time);
        var pod = new V1Pod { Metadata = new() { Name = "pod", Uid = "pod-uid" } };
        var (node, pull) = (new PodState(Trouble: new("Unschedulable", "no node", PodPatience.Node)), new PodState(Trouble: new("ErrImagePull", "busy", PodPatience.Grace)));
        var stop = TestContext.Current.CancellationToken;

        await watch.LookAsync(pod, node, stop);
        time.Step(TimeSpan.FromMinutes(4));
        await watch.LookAsync(pod, node, stop);
        await watch.LookAsync(pod, pull, stop);
        time.Step(TimeSpan.FromSeconds(19));
        await watch.LookAsync(pod, pull, stop);
        time.Step(TimeSpan.FromSeconds(2));

        await Assert.ThrowsAsync<FailureException>(() => watch.LookAsync(pod, pull, stop));
    }

    [Fact]
    public void A_container_that_succeeded_while_its_node_was_drained_has_succeeded()
    {
        var pod = new V1Pod
        {
            Metadata = new() { Name = "pod" },
            Status = new()
            {
                Phase = "Succeeded",
                Conditions = [new() { Type = "DisruptionTarget", Status = "True", Reason = "EvictionByEvictionAPI" }],
                ContainerStatuses = [new() { Name = RunManifests.Container, State = new() { Terminated = new() { ExitCode = 0, Reason = "Completed" } } }],
            },
        };

        Assert.Equal(new RunEnd(0), PodReading.Of(pod, new() { Image = RunWorld.Image }).End);
    }

    [Theory]
    [InlineData("pods \"x\" is forbidden: error looking up service account ai-coder/robot: serviceaccount \"robot\" not found", 600)]
    [InlineData("pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\"", 600)]
    [InlineData("pods \"x\" is forbidden: exceeded quota: compute", 1)]
    public async Task A_pod_that_the_cluster_refuses_fails_with_the_reason(string refusal, int pendingSeconds)
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.RefusesPods = refusal;

        var failure = await world.FailAsync(new() { Image = RunWorld.Image, PendingTimeout = TimeSpan.FromSeconds(pendingSeconds) });

        Assert.Contains(refusal, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_right_to_events_a_refused_pod_is_still_given_up()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.RefusesPods = "whatever";
        world.Server.Fault = request => request.Path.Contains("/events", StringComparison.Ordinal) ? ApiServer.Status(403, "Forbidden", "no events") : null;

        var failure = await world.FailAsync(
            new() { Image = RunWorld.Image, PendingTimeout = TimeSpan.FromMilliseconds(200) }, RunWorld.Quick with { Grace = TimeSpan.FromMilliseconds(200) });

        Assert.Contains("has no pod", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_container_that_ran_out_of_memory_returns_137_and_says_so()
    {
        await using var world = await RunWorld.CreateAsync(pod =>
        {
            pod.Start();
            pod.Log.WriteLine("before the end");
            pod.End(137, "OOMKilled");
            return Task.CompletedTask;
        });

        var end = await world.RunAsync(new() { Image = RunWorld.Image, LimitMemory = "512Mi" });

        Assert.Equal(137, end.ExitCode);
        Assert.Contains("512Mi", end.Explanation, StringComparison.Ordinal);
        Assert.Contains("--limit-memory", world.Said, StringComparison.Ordinal);
        Assert.Equal("before the end\n", world.OutputText);
    }

    [Fact]
    public async Task An_evicted_pod_fails_and_says_why()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.Play = async pod =>
        {
            pod.Start();
            pod.Log.WriteLine("begun");
            await RunWorld.UntilAsync(() => world.OutputText.Length > 0);
            pod.Evict("The node was low on resource: memory.");
        };

        var end = await world.RunAsync();

        Assert.Equal(1, end.ExitCode);
        Assert.Contains("low on resource: memory", end.Explanation, StringComparison.Ordinal);
        Assert.Equal("begun\n", world.OutputText);
    }

    [Fact]
    public async Task A_drained_node_s_pod_fails_and_says_why()
    {
        await using var world = await RunWorld.CreateAsync(pod =>
        {
            pod.Start();
            pod.Disrupt("EvictionByEvictionAPI", "Eviction API: evicting");
            pod.End(143);
            return Task.CompletedTask;
        });

        var end = await world.RunAsync();

        Assert.Equal(143, end.ExitCode);
        Assert.Contains("EvictionByEvictionAPI", end.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_that_vanishes_fails_by_the_Job_s_word()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.Play = pod =>
        {
            pod.Start();
            pod.Vanish();
            world.Server.EndJob(world.Server.Jobs.Single(), "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit");
            return Task.CompletedTask;
        };

        var end = await world.RunAsync();

        Assert.Equal(1, end.ExitCode);
        Assert.Contains("BackoffLimitExceeded", end.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_can_t_be_started_says_so()
    {
        await using var world = await RunWorld.CreateAsync(pod =>
        {
            pod.Schedule();
            pod.End(128, "StartError", "exec: \"pyhton\": executable file not found in $PATH");
            return Task.CompletedTask;
        });

        var end = await world.RunAsync();

        Assert.Equal(128, end.ExitCode);
        Assert.Contains("executable file not found", end.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Job_whose_time_is_up_fails_as_that_although_its_pod_only_says_that_it_was_stopped()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.Play = async pod =>
        {
            pod.Start();
            pod.Log.WriteLine("begun");
            pod.Deleting();
            pod.Log.End();
            pod.Change(() => pod.Pod.Status.ContainerStatuses[0].State = new() { Terminated = new() { ExitCode = 143, Reason = "Error" } });
            await RunWorld.UntilAsync(() => world.Server.Requests.Any(request => request.Path.Contains("/log", StringComparison.Ordinal)));
            world.Server.EndJob(world.Server.Jobs.Single(), "Failed", "DeadlineExceeded", "Job was active longer than specified deadline");
        };

        var failure = await world.FailAsync(new() { Image = RunWorld.Image, Timeout = TimeSpan.FromMinutes(10) }, RunWorld.Quick with { Grace = TimeSpan.FromMinutes(1) });

        Assert.Equal(FailureCodes.LimitTime, failure.Code);
        Assert.Equal("begun\n", world.OutputText);
    }
}
