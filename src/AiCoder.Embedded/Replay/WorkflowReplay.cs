using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Embedded.Journal;

namespace AiCoder.Embedded.Replay;

/// <summary>Brings a workflow's code to where its history ends.</summary>
public static class WorkflowReplay
{
    /// <summary>
    /// Runs a workflow against a recorded history without doing anything. A golden history that passes shows that today's code
    /// goes on with tasks that an older version began.
    /// </summary>
    /// <returns>The result where the workflow returns within the history, else null.</returns>
    /// <exception cref="Core.Failures.FailureException">
    /// <c>system/not_deterministic</c>, saying what was recorded and what the workflow asked for.
    /// </exception>
    public static TaskResult? Verify(
        Func<IWorkflowContext, TaskSpec, Task<TaskResult>> workflow, TaskSpec spec, IReadOnlyList<HistoryEvent> history)
    {
        var execution = new WorkflowExecution(workflow, spec);
        try
        {
            Run(execution, history);
        }
        catch (NotDeterministicException exception)
        {
            throw new Core.Failures.FailureException(exception.Failure, exception);
        }

        return execution.IsCompleted ? execution.Result(SecretRedactor.None) : null;
    }

    /// <summary>
    /// Replays a history. What a turn asked for was recorded whole, behind the event that led to it and before the next; only at
    /// the history's end may it be missing, where the process was killed in between.
    /// </summary>
    /// <returns>What the last turn asked for and is not recorded yet.</returns>
    /// <exception cref="NotDeterministicException">The workflow asked for something else.</exception>
    internal static IReadOnlyList<WorkflowStep> Run(WorkflowExecution execution, IReadOnlyList<HistoryEvent> history)
    {
        var next = 0;
        while (next < history.Count)
        {
            var incoming = history[next++];
            if (incoming.Kind == HistoryEventKind.TaskEnded)
                throw new NotDeterministicException($"Recorded as event {incoming.Sequence} is the end of the workflow; it has not ended.");
            var asked = execution.Handle(incoming, replaying: next < history.Count);

            var first = next;
            while (next < history.Count && history[next].IsStep)
                next++;
            var isTail = next == history.Count;
            if (first == next && isTail)
                return asked;

            Compare(asked, history, first, next);
            if (execution.IsCompleted)
            {
                if (!isTail && history[next].Kind != HistoryEventKind.TaskEnded)
                    throw new NotDeterministicException($"Recorded as event {history[next].Sequence} is {WorkflowStep.Describe(history[next])}; the workflow had ended before.");
                return [];
            }
        }

        return [];
    }

    private static void Compare(IReadOnlyList<WorkflowStep> asked, IReadOnlyList<HistoryEvent> history, int first, int end)
    {
        for (var i = 0; i < asked.Count; i++)
        {
            if (first + i < end)
                asked[i].RequireSame(history[first + i]);
            else
                throw new NotDeterministicException(end < history.Count
                    ? $"Recorded as event {history[end].Sequence} is {WorkflowStep.Describe(history[end])}; the workflow asked for {asked[i]} before."
                    : $"The workflow asked for {asked[i]}, which is not recorded.");
        }

        if (first + asked.Count < end)
            throw new NotDeterministicException(
                $"Recorded as event {history[first + asked.Count].Sequence} is {WorkflowStep.Describe(history[first + asked.Count])}; the workflow asked for nothing more.");
    }
}
