using AiCoder.Core.Failures;
using AiCoder.Kubernetes.Sandboxes;
using AiCoder.Kubernetes.Tests.Api;

namespace AiCoder.Kubernetes.Tests.Sandboxes;

/// <summary>What a pod's processes are told, over a way that may be broken.</summary>
public sealed class PodProcessesTests
{
    private static readonly SandboxBounds Bounds = new() { Look = TimeSpan.FromMilliseconds(1), Settle = TimeSpan.FromSeconds(10) };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_way_that_is_broken_for_a_moment_leaves_nothing_stopped()
    {
        var said = new List<string>();
        var processes = new PodProcesses(
            (script, _) =>
            {
                said.Add(script);
                return Task.FromResult(said.Count < 3 ? null : "");
            },
            Bounds,
            new SteppedTime());

        await processes.ContinueAsync();

        Assert.Equal([SandboxScripts.Continue, SandboxScripts.Continue, SandboxScripts.Continue], said);
    }

    [Fact]
    public async Task A_pod_that_answers_no_more_is_a_failure_that_is_tried_again()
    {
        var time = new SteppedTime();
        var processes = new PodProcesses(
            (_, _) =>
            {
                time.Step(TimeSpan.FromSeconds(4));
                return Task.FromResult<string?>(null);
            },
            Bounds,
            time);

        foreach (var failure in (FailureException[])
            [await Assert.ThrowsAsync<FailureException>(() => processes.HaltAsync(Cancel)), await Assert.ThrowsAsync<FailureException>(processes.ContinueAsync)])
            Assert.Equal((FailureCodes.Reset, true), (failure.Failure.Code, failure.Failure.Retryable));
    }

    [Fact]
    public async Task A_pod_that_answers_and_is_not_still_is_no_failure() =>
        Assert.Null(await new PodProcesses((_, _) => Task.FromResult<string?>("self 50\nlook\n"), Bounds, new SteppedTime()).HaltAsync(Cancel));
}
