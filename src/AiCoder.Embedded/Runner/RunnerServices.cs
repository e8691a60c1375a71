using AiCoder.Core.Activities;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Embedded.Journal;
using Microsoft.Extensions.Logging;

namespace AiCoder.Embedded.Runner;

/// <summary>What every runner of a host shares.</summary>
internal sealed record RunnerServices
{
    public required TaskJournal Journal { get; init; }
    public required IActivityInvoker Activities { get; init; }
    public required Func<IWorkflowContext, TaskSpec, Task<TaskResult>> Workflow { get; init; }

    /// <summary>The secrets that no recorded failure may hold: the operator's and the task's own.</summary>
    public required Func<string, Task<SecretRedactor>> RedactorAsync { get; init; }
    public required TimeProvider Time { get; init; }
    public required ILogger Logger { get; init; }
    public required Action<ProgressUpdate> Publish { get; init; }

    /// <summary>Called after an event is on the disk and before anyone acts on it: where a test kills the process.</summary>
    public Action<string, HistoryEvent> Recorded { get; init; } = (_, _) => { };
}
