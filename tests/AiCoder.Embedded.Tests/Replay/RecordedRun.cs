using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Embedded.Journal;
using AiCoder.Embedded.Replay;

namespace AiCoder.Embedded.Tests.Replay;

/// <summary>Runs a workflow in memory on a clock of its own, with whatever comes next chosen at random, and keeps the history.</summary>
internal sealed class RecordedRun
{
    private static readonly string[] Events = ["x", "y"];

    private readonly List<HistoryEvent> _history = [];
    private readonly WorkflowExecution _execution;
    private DateTime _now = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private RecordedRun(Func<IWorkflowContext, TaskSpec, Task<TaskResult>> workflow, TaskSpec spec) =>
        _execution = new WorkflowExecution(workflow, spec);

    public IReadOnlyList<HistoryEvent> History => _history;

    /// <summary>Custom status and outstanding steps after each event of the history that is no step, by its index.</summary>
    public Dictionary<int, (string? Status, string Outstanding)> After { get; } = [];

    public TaskResult Result { get; private set; } = null!;

    public static RecordedRun Of(Func<IWorkflowContext, TaskSpec, Task<TaskResult>> workflow, TaskSpec spec, Random random)
    {
        var run = new RecordedRun(workflow, spec);
        run.Handle(HistoryEventKind.TaskStarted);
        for (var turn = 0; !run._execution.IsCompleted; turn++)
        {
            Assert.True(turn < 10_000, "The workflow does not come to its end.");
            run.Next(random);
        }

        run.Result = run._execution.Result(SecretRedactor.None);
        return run;
    }

    public static string Describe(IEnumerable<WorkflowStep> steps) =>
        string.Join(", ", steps.Select(step => $"{step} {step.Payload}"));

    private void Next(Random random)
    {
        var outstanding = _execution.Outstanding.ToList();
        var choice = random.Next(outstanding.Count + 1);
        if (choice == outstanding.Count)
        {
            Handle(HistoryEventKind.EventReceived, null, Events[random.Next(Events.Length)], $"\"event{_history.Count}\"");
            return;
        }

        var step = outstanding[choice];
        if (step.Kind == HistoryEventKind.TimerScheduled)
            Handle(HistoryEventKind.TimerFired, step.Step, null, null, step.FireAt);
        else
            Handle(HistoryEventKind.ActivityCompleted, step.Step, null, $"\"{step.Name}{step.Payload}#{_history.Count}\"");
    }

    private void Handle(HistoryEventKind kind, int? step = null, string? name = null, string? payload = null, DateTime? notBefore = null)
    {
        _now = _now.AddMilliseconds(7);
        _now = notBefore > _now ? notBefore.Value : _now;
        var incoming = new HistoryEvent(_history.Count + 1, kind, step, name, payload, _now);
        _history.Add(incoming);
        var index = _history.Count - 1;
        foreach (var asked in _execution.Handle(incoming, replaying: false))
            _history.Add(new HistoryEvent(_history.Count + 1, asked.Kind, asked.Step, asked.Name, asked.Payload, _now));
        After[index] = (_execution.CustomStatus, Describe(_execution.Outstanding));
    }
}
