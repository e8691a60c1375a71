using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Sandbox;
using AiCoder.Kubernetes.Clusters;
using AiCoder.Kubernetes.Sandboxes;
using AiCoder.Kubernetes.Tests.Api;
using AiCoder.Testing;
using AiCoder.Testing.Sandboxes;

namespace AiCoder.Kubernetes.Tests.Sandboxes;

/// <summary>The life of a sandbox's pod: shared by commands, made anew where it was lost, refused where it can't be.</summary>
public sealed class SandboxPodTests
{
    [Fact]
    public async Task Commands_of_a_work_tree_share_a_pod_and_what_they_leave_in_tmp_is_gone()
    {
        await using var world = await SandboxWorld.CreateAsync();

        await world.RunAsync("echo x > /tmp/left; echo x > /dev/shm/left; echo 1 > made");
        var second = await world.RunAsync("cat made; ls -A /tmp /var/tmp /dev/shm");

        Assert.Equal("1\n/dev/shm:\n\n/tmp:\n\n/var/tmp:\n", second.Output);
        Assert.Single(world.Server.Jobs);
    }

    [Fact]
    public async Task What_is_left_in_tmp_is_gone_whatever_its_modes_and_number()
    {
        await using var world = await SandboxWorld.CreateAsync();

        // So long together that no program could be started with them.
        var first = await world.RunAsync(
            "mkdir -p /tmp/closed/in /dev/shm/closed/in; touch /tmp/closed/in/x; chmod 0 /tmp/closed/in /tmp/closed; chmod 0 /dev/shm/closed; "
            + "cd /tmp; name=$(printf %0200d 0); seq -f $name%05.0f 12000 | xargs touch");
        var second = await world.RunAsync("ls -A /tmp /dev/shm | head -n 5");

        Assert.True(first.Succeeded, first.Output);
        Assert.Equal("/dev/shm:\n\n/tmp:\n", second.Output);
        Assert.Single(world.Server.Jobs);
    }

    [Fact]
    public async Task A_pod_in_which_something_may_still_run_is_waited_for()
    {
        await using var world = await SandboxWorld.CreateAsync(SandboxWorld.Quick with { Settle = TimeSpan.FromMilliseconds(100) });
        var running = await LeftAsync(world);
        await RunWorld.UntilAsync(() => world.Server.Requests.SkipWhile(request => request.Method != "DELETE").Any(request => request.Path.Contains("/pods?", StringComparison.Ordinal)));

        Assert.False(running.IsCompleted);
        world.Server.HoldsRemovals!.SetResult();

        Assert.Equal((143, CommandEnding.Exited), ((await running).ExitCode, (await running).Ending));
    }

    [Fact]
    public async Task A_pod_in_which_something_may_still_run_and_that_does_not_end_fails_the_task()
    {
        await using var world = await SandboxWorld.CreateAsync(SandboxWorld.Quick with { Settle = TimeSpan.FromMilliseconds(100), End = TimeSpan.FromMilliseconds(100) });

        var failure = (await Assert.ThrowsAsync<FailureException>(async () => await await LeftAsync(world))).Failure;

        Assert.Equal(FailureCodes.SandboxUnavailable, failure.Code);
        Assert.True(File.Exists(Path.Combine(world.WorkTree, "left")));
        world.Server.HoldsRemovals!.SetResult();
    }

    /// <summary>A command that leaves something behind in a pod in which nobody can begin to end it: it has taken the last process, say.</summary>
    private static async Task<Task<CommandOutcome>> LeftAsync(SandboxWorld world)
    {
        await world.RunAsync("true");
        world.Server.HoldsRemovals = new(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Server.Fault = request => request.Path.Contains("/exec?", StringComparison.Ordinal) && Uri.UnescapeDataString(request.Path).Contains("kill -9 -1", StringComparison.Ordinal)
            ? ApiServer.Status(500, "InternalError", "error executing command in container: fork: Resource temporarily unavailable")
            : null;
        return world.RunAsync("(setsid sh -c 'while :; do echo x >> left; sleep 0.1; done' > /dev/null 2>&1 &); while ! [ -s left ]; do sleep 0.1; done; kill -TERM $PPID");
    }

    [Theory]
    [InlineData("exec 3<> /proc/1/mem")]
    [InlineData("cat /proc/1/environ > copied")]
    public async Task The_first_process_which_outlives_every_command_can_t_be_taken_over(string attempt)
    {
        await using var world = await SandboxWorld.CreateAsync();

        var outcome = await world.RunAsync($"{attempt} && echo done; ls -A /tmp");

        Assert.Contains("Permission denied", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("done", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("sh\n", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_with_a_network_gets_another_pod_and_so_does_another_image()
    {
        await using var world = await SandboxWorld.CreateAsync();

        await world.RunAsync("true");
        await world.RunAsync("true", command => command with { Network = true });
        await world.RunAsync("true", command => command with { Image = "registry.example.com/tools:2" });

        Assert.Equal(
            [("false", SandboxImages.General), ("false", "registry.example.com/tools:2"), ("true", SandboxImages.General)],
            world.Server.Pods.Select(pod => (pod.Pod.Metadata.Labels["aicoder.dev/network"], pod.Pod.Spec.Containers[0].Image)).Order());
    }

    [Fact]
    public async Task The_work_tree_s_git_the_image_and_other_tasks_can_t_be_written_or_seen()
    {
        await using var world = await SandboxWorld.CreateAsync();
        File.WriteAllText(Path.Combine(world.WorkspaceDir, "never-to-be-seen"), "x");

        var outcome = await world.RunAsync(
            "for f in .git/config .git/hooks/x /usr/x /x; do echo x > $f && echo written $f; done; mv .git gone && echo moved; find / -name never-to-be-seen 2>/dev/null; id -u");

        Assert.DoesNotContain("written", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("moved", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("/never-to-be-seen", outcome.Output, StringComparison.Ordinal);
        Assert.EndsWith("1000\n", outcome.Output, StringComparison.Ordinal);
        Assert.Equal("[core]\n", File.ReadAllText(Path.Combine(world.WorkTree, ".git", "config")));
    }

    [Fact]
    public async Task Nothing_that_is_sent_to_the_cluster_holds_a_secret_or_the_command_itself()
    {
        await using var world = await SandboxWorld.CreateAsync();

        await world.RunAsync("echo a-word-of-the-model", command => command with { Environment = new Dictionary<string, string> { ["GIVEN"] = "a-value" } });

        Assert.All(world.Server.Requests, request =>
        {
            Assert.DoesNotContain(SandboxGround.Secret, request.Body + request.Path, StringComparison.Ordinal);
            Assert.DoesNotContain("a-word-of-the-model", request.Body + request.Path, StringComparison.Ordinal);
            Assert.DoesNotContain("a-value", request.Body + request.Path, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_long_command_with_quotes_and_lines_arrives_as_it_was_written()
    {
        await using var world = await SandboxWorld.CreateAsync();
        var text = string.Concat(Enumerable.Range(0, 4_000).Select(number => $"it's \"{number}\" $HOME `x` \\ 你好\n"));

        var outcome = await world.RunAsync("", command => command with { Arguments = ["printf", "%s", text], OutputLimit = 1_000_000 });

        Assert.Equal(text, outcome.Output);
    }

    [Fact]
    public async Task Standard_output_can_be_had_apart()
    {
        await using var world = await SandboxWorld.CreateAsync();
        using var output = new MemoryStream();

        var outcome = await world.RunAsync("echo to-error >&2; seq 1 100000; echo more >&2", command => command with { StandardOutput = output, OutputLimit = 1_000 });

        Assert.Equal("to-error\nmore\n", outcome.Output);
        Assert.EndsWith("\n99999\n100000\n", System.Text.Encoding.UTF8.GetString(output.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_image_s_own_variables_stay_and_the_cluster_s_go()
    {
        await using var world = await SandboxWorld.CreateAsync();
        world.Environment["JAVA_HOME"] = "/opt/java";
        world.Environment["KUBERNETES_PORT"] = "tcp://10.0.0.1:443";

        var outcome = await world.RunAsync("env");

        Assert.Contains("JAVA_HOME=/opt/java\n", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("HOME=/home/sandbox\n", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("KUBERNETES_", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_without_commands_ends_itself_and_the_next_command_gets_another()
    {
        await using var world = await SandboxWorld.CreateAsync(SandboxWorld.Quick with { Idle = TimeSpan.FromSeconds(1) });
        await world.RunAsync("true");
        var first = world.Server.Pods.Single();
        await RunWorld.UntilAsync(() => first.Pod.Status.Phase == "Succeeded");

        Assert.Equal("again\n", (await world.RunAsync("echo again")).Output);
        Assert.DoesNotContain(first, world.Server.Pods);
    }

    [Theory]
    [InlineData("evicted", "low on resource: memory")]
    [InlineData("vanished", "gone")]
    public async Task A_pod_that_is_lost_in_the_middle_fails_the_command_for_another_try_which_gets_another_pod(string how, string said)
    {
        await using var world = await SandboxWorld.CreateAsync();
        var begun = new TaskCompletionSource();
        var running = world.RunAsync("echo begun; sleep 600", command => command with { OnOutput = _ => begun.TrySetResult() });
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        var pod = world.Server.Pods.Single();
        if (how == "evicted")
            pod.Evict("The node was low on resource: memory.");
        else
            pod.Vanish();
        (await world.ContainerAsync(pod)).Kill();

        var failure = (await Assert.ThrowsAsync<FailureException>(() => running)).Failure;

        Assert.Equal((FailureCodes.Reset, true), (failure.Code, failure.Retryable));
        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
        Assert.Equal("again\n", (await world.RunAsync("echo again")).Output);
    }

    [Fact]
    public async Task A_container_that_the_kernel_killed_for_its_memory_is_out_of_memory()
    {
        await using var world = await SandboxWorld.CreateAsync();
        var begun = new TaskCompletionSource();
        var running = world.RunAsync("echo begun; sleep 600", command => command with { OnOutput = _ => begun.TrySetResult() });
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        var pod = world.Server.Pods.Single();
        pod.End(137, "OOMKilled");
        (await world.ContainerAsync(pod)).Kill();

        var outcome = await running;
        Assert.Equal((null, CommandEnding.OutOfMemory), (outcome.ExitCode, outcome.Ending));
    }

    [Fact]
    public async Task A_command_that_the_kernel_killed_alone_is_out_of_memory_too_and_the_pod_stays()
    {
        await using var world = await SandboxWorld.CreateAsync();
        await world.RunAsync("true");
        var counters = world.CountersOf(world.Server.Pods.Single());
        await File.WriteAllTextAsync(Path.Combine(counters, "memory.events"), "low 0\noom 1\noom_kill 1\n", TestContext.Current.CancellationToken);

        Assert.Equal(CommandEnding.OutOfMemory, (await world.RunAsync("kill -9 $$")).Ending);
        // Killed without a further count, it has killed itself.
        var next = await world.RunAsync("kill -9 $$");
        Assert.Equal((137, CommandEnding.Exited), (next.ExitCode, next.Ending));
        Assert.Single(world.Server.Jobs);
    }

    [Fact]
    public async Task A_task_that_ended_leaves_no_pod_and_others_keep_theirs()
    {
        await using var world = await SandboxWorld.CreateAsync();
        await world.RunAsync("true");
        await world.RunAsync("true", command => command with { Network = true });

        await world.Sandbox.ReleaseAsync(Path.Combine(world.WorkspaceDir, "task-2"), TestContext.Current.CancellationToken);
        Assert.Equal(2, world.Server.Jobs.Count);
        await world.Sandbox.ReleaseAsync(world.TaskFolder, TestContext.Current.CancellationToken);

        await RunWorld.UntilAsync(() => world.Server.Jobs.Count == 0);
    }

    [Theory]
    [InlineData("pull", "manifest unknown")]
    [InlineData("name", "no image's name")]
    [InlineData("node", "Insufficient memory")]
    [InlineData("setup", "runAsNonRoot")]
    [InlineData("shell", "no such file")]
    public async Task A_pod_that_does_not_start_makes_the_sandbox_unavailable_and_says_why(string kind, string said)
    {
        await using var world = await SandboxWorld.CreateAsync();
        world.PlaysPod = pod =>
        {
            switch (kind)
            {
                case "pull":
                    pod.Wait("ErrImagePull", "manifest unknown");
                    break;
                case "name":
                    pod.Wait("InvalidImageName", "couldn't parse");
                    break;
                case "node":
                    pod.Unschedulable("0/3 nodes are available: 3 Insufficient memory.");
                    break;
                case "setup":
                    pod.Wait("CreateContainerConfigError", "container has runAsNonRoot and image will run as root");
                    break;
                default:
                    pod.Schedule();
                    pod.End(128, "StartError", "exec: \"/bin/sh\": no such file or directory");
                    break;
            }

            return true;
        };

        var failure = (await Assert.ThrowsAsync<FailureException>(() => world.RunAsync("true"))).Failure;

        Assert.Equal(FailureCodes.SandboxUnavailable, failure.Code);
        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
        await RunWorld.UntilAsync(() => world.Server.Jobs.Count == 0);
    }

    [Fact]
    public async Task Time_that_was_spent_waiting_for_a_node_is_not_taken_from_a_registry_s()
    {
        await using var server = await ApiServer.StartAsync();
        using var folder = new TemporaryFolder();
        server.WriteKubeConfig(folder["kubeconfig"]);
        using var cluster = Cluster.Open(name => name == "KUBECONFIG" ? folder["kubeconfig"] : null, null, null, TimeProvider.System);
        var time = new SteppedTime();
        var bounds = SandboxWorld.Quick with { Node = TimeSpan.FromMinutes(5), Grace = TimeSpan.FromSeconds(20), Start = TimeSpan.FromHours(1) };
        // Whoever looks has seen what was before the look that comes next.
        async Task SeenAsync()
        {
            var looks = Looks();
            await RunWorld.UntilAsync(() => Looks() >= looks + 2);
        }

        int Looks() => server.Requests.Count(request => request is { Method: "GET" } && request.Path.Contains("/pods", StringComparison.Ordinal));
        server.Play = async pod =>
        {
            pod.Unschedulable("0/3 nodes are available: 3 Insufficient memory.");
            await SeenAsync();
            time.Step(TimeSpan.FromMinutes(4));
            await SeenAsync();
            pod.Wait("ErrImagePull", "too many requests");
            await SeenAsync();
            pod.Start();
        };
        var options = new KubernetesSandboxOptions { VolumeClaim = "workspace" };
        var pods = new SandboxPods(cluster, new(bounds.Cluster, _ => { }, time), new(folder["workspace"], options), options, bounds, time);

        var made = await pods.GetAsync(new(folder["workspace", "task-1", "work", "1"], null, "image:1", false, 512), (_, _, _) => Task.CompletedTask, TestContext.Current.CancellationToken);

        Assert.Equal(server.Pods.Single().Pod.Metadata.Name, made.Name);
    }

    [Theory]
    [InlineData("pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\"")]
    [InlineData("pods \"x\" is forbidden: exceeded quota: team, requested: limits.memory=4Gi")]
    public async Task A_pod_that_the_cluster_refuses_makes_the_sandbox_unavailable(string refusal)
    {
        await using var world = await SandboxWorld.CreateAsync();
        world.Server.RefusesPods = refusal;

        var failure = (await Assert.ThrowsAsync<FailureException>(() => world.RunAsync("true"))).Failure;

        Assert.Equal(FailureCodes.SandboxUnavailable, failure.Code);
        Assert.Contains(refusal, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_right_to_make_Jobs_it_says_so()
    {
        await using var world = await SandboxWorld.CreateAsync();
        world.Server.Fault = request => request.Method == "POST" ? ApiServer.Status(403, "Forbidden", "cannot create resource \"jobs\"") : null;

        var failure = (await Assert.ThrowsAsync<FailureException>(() => world.RunAsync("true"))).Failure;

        Assert.Equal(FailureCodes.SandboxUnavailable, failure.Code);
        Assert.Contains("cannot create resource", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policies_that_nobody_obeys_are_found_out()
    {
        await using var world = await SandboxWorld.CreateAsync();
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        world.Environment["KUBERNETES_SERVICE_HOST"] = "127.0.0.1";
        world.Environment["KUBERNETES_SERVICE_PORT"] = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal("fine\n", (await world.RunAsync("echo fine")).Output);

        world.IgnoresPolicies = true;
        var failure = (await Assert.ThrowsAsync<FailureException>(() => world.RunAsync("true", command => command with { Image = "another:1" }))).Failure;

        Assert.Equal(FailureCodes.SandboxUnavailable, failure.Code);
        Assert.Contains("does not obey", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_probe_says_everything_that_is_missing_at_once()
    {
        await using var world = await SandboxWorld.CreateAsync();
        world.Denied.UnionWith(["create pods/exec", "delete jobs"]);
        world.ClaimName = null;
        world.Policies.Clear();

        var failure = (await Assert.ThrowsAsync<FailureException>(() => world.Sandbox.ProbeAsync(TestContext.Current.CancellationToken))).Failure;

        Assert.Equal(FailureCodes.SandboxUnavailable, failure.Code);
        foreach (var said in (string[])["create pods/exec", "delete jobs", "no persistent volume claim workspace", "No NetworkPolicy"])
            Assert.Contains(said, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_work_tree_without_a_git_of_its_own_is_refused_before_anything_is_made()
    {
        await using var world = await SandboxWorld.CreateAsync();
        Directory.Delete(Path.Combine(world.WorkTree, ".git"), recursive: true);

        Assert.Equal(FailureCodes.SandboxUnavailable, (await Assert.ThrowsAsync<FailureException>(() => world.RunAsync("true"))).Failure.Code);
        Assert.Empty(world.Server.Requests);
    }
}
