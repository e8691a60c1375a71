using AiCoder.Core.Activities;
using AiCoder.Core.Configuration;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Embedded.Journal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiCoder.Embedded;

/// <summary>What an <see cref="EmbeddedHost"/> is made of.</summary>
public sealed record EmbeddedHostSetup
{
    /// <summary>STATE_DIR, MAX_CONCURRENT_TASKS, RETENTION_DAYS and the secrets to redact are read from it.</summary>
    public required AiCoderOptions Options { get; init; }
    public required IActivityInvoker Activities { get; init; }
    public required ISecretStore Secrets { get; init; }

    /// <summary>The workflow's code: <c>CodingWorkflow.RunAsync</c>.</summary>
    public required Func<IWorkflowContext, TaskSpec, Task<TaskResult>> Workflow { get; init; }
    public TimeProvider Time { get; init; } = TimeProvider.System;
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>A task has ended: gives up what only a running one needs. Quick, because the task's result waits for it.</summary>
    public Func<string, CancellationToken, Task> ReleaseWorkspaceAsync { get; init; } = (_, _) => Task.CompletedTask;

    /// <summary>Removes a task's folder under WORKSPACE_DIR; does nothing where there is none.</summary>
    public Func<string, CancellationToken, Task> RemoveWorkspaceAsync { get; init; } = (_, _) => Task.CompletedTask;

    /// <summary>A task is being deleted: takes away what stands for it outside of this host. Where it throws, the task stays.</summary>
    public Func<string, CancellationToken, Task> DeletingAsync { get; init; } = (_, _) => Task.CompletedTask;

    /// <summary>Called after an event is on the disk and before anyone acts on it: where a test kills the process.</summary>
    internal Action<string, HistoryEvent> Recorded { get; init; } = (_, _) => { };
}
