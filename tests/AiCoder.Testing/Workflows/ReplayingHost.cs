using System.Collections.Concurrent;
using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;

namespace AiCoder.Testing.Workflows;

/// <summary>
/// Runs a workflow in memory, on virtual time, and replays it from the start at every single event: each run must ask for what
/// the history says was asked for before. Waiting costs no real time: when nothing else happens, the clock jumps to the next timer.
/// </summary>
public sealed class ReplayingHost : IScenarioControl
{
    private readonly Scenario _scenario;
    private readonly Func<IWorkflowContext, TaskSpec, Task<TaskResult>> _workflow;
    private readonly List<ReplayingContext.Event> _history = [];
    private readonly List<string> _commands = [];
    private readonly BlockingCollection<ReplayingContext.Event> _arrived = [];
    private readonly SortedDictionary<(DateTime At, int Id), int> _timers = [];
    private DateTime _now = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private ReplayingHost(Scenario scenario, Func<IWorkflowContext, TaskSpec, Task<TaskResult>> workflow) => (_scenario, _workflow) = (scenario, workflow);

    /// <summary>Every custom status that was set, in order, of the last replay.</summary>
    public IReadOnlyList<TaskProgress> Statuses { get; private set; } = [];

    /// <summary>How often the workflow was run from its start.</summary>
    public int Replays { get; private set; }

    /// <summary>Virtual time from start to end.</summary>
    public TimeSpan Elapsed { get; private set; }

    /// <summary>Runs a scenario to its end.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="workflow">What runs it: the workflow as it is, or a host's wrapping of it.</param>
    public static (TaskResult Result, ReplayingHost Host) Run(
        Scenario scenario, Func<IWorkflowContext, TaskSpec, Task<TaskResult>>? workflow = null)
    {
        var host = new ReplayingHost(scenario, workflow ?? CodingWorkflow.RunAsync);
        scenario.Control = host;
        return (host.RunToEnd(), host);
    }

    public void Cancel() => Raise(WorkflowEvents.Cancel, new CancelRequest("test"));

    public void Approve(bool approved, string? comment = null) =>
        Raise(WorkflowEvents.Approval, new ApprovalDecision(approved, comment));

    private void Raise(string name, object payload) =>
        _arrived.Add(new(name, null, JsonSerializer.SerializeToElement(payload, AiCoderJson.Options), default));

    private TaskResult RunToEnd()
    {
        var start = _now;
        while (true)
        {
            var context = Replay();
            if (context.Result is { } result)
            {
                Elapsed = _now - start;
                Statuses = context.Statuses;
                return result;
            }

            var next = Next();
            _history.Add(next with { At = _now });
        }
    }

    private ReplayingContext Replay()
    {
        Replays++;
        var context = new ReplayingContext(_scenario.Spec, _history.Count > 0 ? _history[0].At : _now);
        context.Run(_workflow, _history);

        // The determinism check: what was asked for before stands unchanged at the front.
        var known = Math.Min(_commands.Count, context.Commands.Count);
        if (context.Commands.Count < _commands.Count || !context.Commands.Take(known).Select(command => command.ToString()).SequenceEqual(_commands))
            throw new InvalidOperationException($"The workflow is not deterministic: {string.Join("\n", _commands)}\nbut now\n{string.Join("\n", context.Commands)}");

        foreach (var command in context.Commands.Skip(known).ToList())
        {
            _commands.Add(command.ToString());
            Dispatch(command);
        }

        foreach (var timer in _timers.Where(timer => context.Cancelled.Contains(timer.Value)).ToList())
            _timers.Remove(timer.Key);
        return context;
    }

    private void Dispatch(ReplayingContext.Command command)
    {
        if (command.Delay is { } delay)
        {
            _timers.Add((_now + delay, command.Id), command.Id);
            return;
        }

        var answer = _scenario.Answer(command.Name, command.Input);
        if (!ReferenceEquals(answer, Scenario.Hang))
            _arrived.Add(new(null, command.Id, Scenario.ToOutcome(answer), default));
    }

    private ReplayingContext.Event Next()
    {
        if (_arrived.TryTake(out var arrived))
            return arrived;
        if (_timers.Count == 0)
            throw new InvalidOperationException("The workflow waits for something that never comes:\n" + string.Join("\n", _commands));
        var (key, id) = _timers.First();
        _timers.Remove(key);
        _now = key.At;
        return new(null, id, default, default);
    }
}
