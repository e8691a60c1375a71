using System.Collections.Concurrent;
using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;

namespace AiCoder.Testing.Workflows;

/// <summary>
/// A task whose six activities answer what a test says. The workflow, its retries, timers and events are the real ones; a host
/// (in memory, embedded, Durable) runs them.
/// </summary>
public sealed class Scenario
{
    /// <summary>What an activity answers that never ends by itself.</summary>
    public static readonly object Hang = new();

    private readonly ConcurrentDictionary<string, int> _calls = new();
    private readonly ConcurrentQueue<TaskEvent> _events = new();
    private readonly ConcurrentQueue<TaskEvent> _recorded = new();

    /// <summary>The task; the defaults ask for nothing special.</summary>
    public TaskSpec Spec { get; set; } = new()
    {
        TaskId = $"task-{Guid.NewGuid():N}",
        RepoUrl = "https://git.example.com/g/p.git",
        Intent = "添加登录功能",
        WorkBranch = "ai/x",
        Model = "scripted",
    };

    public Func<Call<CloneInput>, object> Clone { get; set; } =
        _ => new CloneOutput("main", "base-commit", "tree-0", null, ["a submodule was left alone"], FromCache: false);

    public Func<Call<AnalyzeInput>, object> Analyze { get; set; } =
        _ => new AnalyzeOutput(new Plan { Summary = "plan", Files = ["a"] }, new Usage { Turns = 1, InputTokens = 10, OutputTokens = 5 });

    public Func<Call<ValidateInput>, object> Baseline { get; set; } = _ => Validated(Verdict.Passed);

    public Func<Call<CodeInput>, object> Code { get; set; } = call => Coded(call.Input.Iteration);

    public Func<Call<ValidateInput>, object> Validate { get; set; } = _ => Validated(Verdict.Passed);

    public Func<Call<CommitInput>, object> Commit { get; set; } = call => new CommitOutput(
        "commit-1",
        ["modified: a"],
        new PushResult { Pushed = true, Remote = call.Input.Spec.RepoUrl, Branch = call.Input.Spec.WorkBranch, Commit = "commit-1" },
        null,
        []);

    /// <summary>Null: delivered.</summary>
    public Func<Call<NotifyInput>, object?> Notify { get; set; } = _ => null;

    /// <summary>An activity of the host's own, which is no part of the workflow.</summary>
    public Func<string, object> Further { get; set; } = name => throw new ArgumentException($"No activity '{name}'.", nameof(name));

    /// <summary>Set by the host before the first call.</summary>
    public IScenarioControl Control { get; set; } = null!;

    /// <summary>The events that were delivered, in the order of delivery.</summary>
    public IReadOnlyList<TaskEvent> Delivered => [.. _events];

    /// <summary>Events that were recorded and not to be delivered.</summary>
    public IReadOnlyList<TaskEvent> Recorded => [.. _recorded];

    /// <summary>The delivered events' wire names.</summary>
    public IReadOnlyList<string> DeliveredNames => [.. _events.Select(delivered => AiCoderJson.NameOf(delivered.Status))];

    /// <summary>How often an activity was called; the baseline counts as <c>Baseline</c>.</summary>
    public int Calls(string activity) => _calls.GetValueOrDefault(activity);

    public static CodeOutput Coded(int iteration, bool done = true, Failure? failure = null) => new(
        done, $"tree-{iteration}", ["modified: a"], done ? "did it" : null, new Usage { Turns = iteration, InputTokens = 100 * iteration }, [], failure);

    public static ValidateOutput Validated(Verdict verdict, string? reason = null) =>
        new(new TestResults { Verdict = verdict, Reason = reason });

    /// <summary>Answers one call: an output, a <see cref="Failure"/>, or <see cref="Hang"/>.</summary>
    public object Answer(string activity, JsonElement input)
    {
        var name = activity == ActivityNames.Validate && Read<ValidateInput>(input).Purpose == ValidationPurpose.Baseline ? "Baseline" : activity;
        var number = _calls.AddOrUpdate(name, 1, (_, before) => before + 1);
        return name switch
        {
            ActivityNames.Clone => Clone(new(Read<CloneInput>(input), number)),
            ActivityNames.Analyze => Analyze(new(Read<AnalyzeInput>(input), number)),
            "Baseline" => Baseline(new(Read<ValidateInput>(input), number)),
            ActivityNames.Code => Code(new(Read<CodeInput>(input), number)),
            ActivityNames.Validate => Validate(new(Read<ValidateInput>(input), number)),
            ActivityNames.Commit => Commit(new(Read<CommitInput>(input), number)),
            ActivityNames.Notify => Deliver(new(Read<NotifyInput>(input), number)),
            _ => Further(name),
        };
    }

    /// <summary>An answer in the form in which activities hand it to their host.</summary>
    public static JsonElement ToOutcome(object answer) => answer switch
    {
        Failure failure => JsonSerializer.SerializeToElement(new Outcome<NotifyOutput> { Failure = failure }, AiCoderJson.Options),
        _ => JsonSerializer.SerializeToElement(new Dictionary<string, object> { ["value"] = answer }, AiCoderJson.Options),
    };

    private object Deliver(Call<NotifyInput> call)
    {
        if (!call.Input.Deliver)
        {
            _recorded.Enqueue(call.Input.Event);
            return new NotifyOutput(Stop: false);
        }

        if (Notify(call) is { } answer)
            return answer;
        _events.Enqueue(call.Input.Event);
        return new NotifyOutput(Stop: false);
    }

    private static T Read<T>(JsonElement input) => input.Deserialize<T>(AiCoderJson.Options)!;

    /// <summary>One call of an activity.</summary>
    /// <param name="Input">What it was given.</param>
    /// <param name="Number">The how manieth call of that activity, from 1.</param>
    public sealed record Call<T>(T Input, int Number);
}

/// <summary>What a person can do to a running task.</summary>
public interface IScenarioControl
{
    void Cancel();

    void Approve(bool approved, string? comment = null);
}
