using AiCoder.Core.Activities;

namespace AiCoder.Core.Tests.Activities;

/// <summary>Nobody cancels and nobody says anything.</summary>
internal sealed class NoSignals : ITaskSignals
{
    public CancellationToken Cancelled => CancellationToken.None;

    /// <summary>What an activity of that task gets.</summary>
    public static ActivityContext ContextOf(string taskId) => new() { TaskId = taskId, Signals = new NoSignals() };

    public Task<IReadOnlyList<TaskMessage>> ReadMessagesAsync(long after, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<TaskMessage>>([]);
}
