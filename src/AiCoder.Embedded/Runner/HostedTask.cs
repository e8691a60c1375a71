using AiCoder.Core.Tasks;
using AiCoder.Embedded.Journal;

namespace AiCoder.Embedded.Runner;

/// <summary>A task that this host has claimed, waiting or running.</summary>
internal sealed class HostedTask(TaskClaim claim, TaskSpec spec, string repository)
{
    private readonly TaskCompletionSource<RunEnding> _ending = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskClaim Claim => claim;

    public TaskSpec Spec => spec;

    public string Repository => repository;

    /// <summary>Null while it waits for its turn.</summary>
    public TaskRunner? Runner { get; set; }

    /// <summary>Completes when this host has nothing more to do with it; never faults.</summary>
    public Task<RunEnding> Ending => _ending.Task;

    public void End(RunEnding ending) => _ending.TrySetResult(ending);
}
