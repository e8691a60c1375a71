using AiCoder.Core.Tasks;

namespace AiCoder.Core.Api;

/// <summary>
/// What the HTTP API and the queue need of the host that runs the tasks. Its members may throw <see cref="Failures.FailureException"/>
/// where the host's storage can't be used.
/// </summary>
public interface ITaskHost
{
    /// <summary>
    /// Takes a task in, durably, and runs it when its turn comes. The same task again is the same task; two requests that race for an
    /// id are one task and a <see cref="StartKind.Same"/> or <see cref="StartKind.Conflict"/>.
    /// </summary>
    Task<StartOutcome> StartAsync(AcceptedTask task, CancellationToken cancellationToken);

    /// <summary>A task; null where there is none of that id.</summary>
    Task<TaskRecord?> GetAsync(string taskId, CancellationToken cancellationToken);

    /// <summary>Tasks, the newest first as far as the host knows an order.</summary>
    /// <param name="limit">How many at most.</param>
    /// <param name="cursor">The <see cref="TaskPage.Next"/> of the page before; null: the first page.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FormatException">The cursor is none of this host's.</exception>
    Task<TaskPage> ListAsync(int limit, string? cursor, CancellationToken cancellationToken);

    /// <summary>A task's events so far, in order, with a sequence above <paramref name="after"/>.</summary>
    Task<IReadOnlyList<TaskEvent>> GetEventsAsync(string taskId, int after, CancellationToken cancellationToken);

    /// <summary>Ends a task wherever it runs; its commands are gone within two seconds.</summary>
    Task<CancelOutcome> CancelAsync(string taskId, string? reason, CancellationToken cancellationToken);

    /// <summary>Answers a task that awaits approval.</summary>
    Task<SendOutcome> ApproveAsync(string taskId, ApprovalDecision decision, CancellationToken cancellationToken);

    /// <summary>Tells a running task something; the model reads it before its next turn.</summary>
    Task<SendOutcome> SendMessageAsync(string taskId, string text, CancellationToken cancellationToken);

    /// <summary>Removes a task that has ended, with everything that is kept of it.</summary>
    Task<DeleteOutcome> DeleteAsync(string taskId, CancellationToken cancellationToken);

    /// <summary>Whether the host can take tasks: asks its storage. Throws where it can't.</summary>
    Task CheckAsync(CancellationToken cancellationToken);
}

/// <summary>Some of the tasks.</summary>
/// <param name="Tasks">The tasks.</param>
/// <param name="Next">Where the next page begins; null: this was the last.</param>
public sealed record TaskPage(IReadOnlyList<TaskRecord> Tasks, string? Next);
