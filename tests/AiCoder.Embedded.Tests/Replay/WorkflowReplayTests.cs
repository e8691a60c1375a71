using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Embedded.Journal;
using AiCoder.Embedded.Replay;
using CsCheck;

namespace AiCoder.Embedded.Tests.Replay;

public sealed class WorkflowReplayTests
{
    private static readonly TaskSpec Spec = Specs.Of("t");

    [Fact]
    public void A_workflow_killed_after_any_event_goes_on_as_if_nothing_had_happened() =>
        Gen.Select(RandomWorkflow.Programs, Gen.Int).Sample(
            (program, seed) =>
            {
                var run = RecordedRun.Of(RandomWorkflow.Of(program), Spec, new Random(seed));
                for (var length = 1; length <= run.History.Count; length++)
                    GoesOnAfter(program, run, length);
            },
            iter: 1000,
            threads: 2);

    [Fact]
    public void A_recorded_run_passes_its_own_verification() =>
        Gen.Select(RandomWorkflow.Programs, Gen.Int).Sample(
            (program, seed) =>
            {
                var run = RecordedRun.Of(RandomWorkflow.Of(program), Spec, new Random(seed));
                Assert.Equal(run.Result.Summary, WorkflowReplay.Verify(RandomWorkflow.Of(program), Spec, run.History)?.Summary);
            },
            iter: 1000,
            threads: 2);

    [Fact]
    public void A_step_that_was_changed_in_the_history_is_always_noticed() =>
        Gen.Select(RandomWorkflow.Programs, Gen.Int).Sample(
            (program, seed) =>
            {
                var run = RecordedRun.Of(RandomWorkflow.Of(program), Spec, new Random(seed));
                var history = run.History.ToList();
                var steps = history.FindAll(recorded => recorded.Kind == HistoryEventKind.ActivityScheduled);
                if (steps.Count == 0)
                    return;
                var changed = steps[new Random(seed).Next(steps.Count)];
                history[(int)changed.Sequence - 1] = changed with { Payload = "77" };
                var exception = Assert.Throws<FailureException>(() => WorkflowReplay.Verify(RandomWorkflow.Of(program), Spec, history));
                Assert.Equal(FailureCodes.NotDeterministic, exception.Failure.Code);
            },
            iter: 500,
            threads: 2);

    [Fact]
    public void Another_activity_is_named_with_what_was_recorded()
    {
        var message = Fails(
            Scheduled(1, "Clone", "{}"),
            (context, spec) => CallAsync(context, spec, "Analyze", new { }));
        Assert.Contains("step 1, the activity Clone", message, StringComparison.Ordinal);
        Assert.Contains("asked for step 1, the activity Analyze", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_input_is_named_by_its_fields()
    {
        var message = Fails(
            Scheduled(1, "Clone", """{"spec":{"intent":"a","repo_url":"r"},"depth":1}"""),
            (context, spec) => CallAsync(context, spec, "Clone", new { Spec = new { Intent = "b", RepoUrl = "r" }, Depth = 2 }));
        Assert.Contains("spec.intent, depth", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_field_that_a_newer_version_added_empty_is_the_same_input()
    {
        var history = History(Scheduled(1, "Clone", """{"depth":1,"old":null}"""));
        Assert.Null(WorkflowReplay.Verify(
            (context, spec) => CallAsync(context, spec, "Clone", new { Notes = Array.Empty<string>(), Depth = 1, Shallow = false }), Spec, history));
    }

    [Fact]
    public void Another_kind_of_step_is_noticed()
    {
        var message = Fails(
            Scheduled(1, "Clone", "{}"),
            async (context, spec) =>
            {
                await context.CreateTimer(TimeSpan.FromSeconds(1), CancellationToken.None);
                return Specs.Completed(spec);
            });
        Assert.Contains("asked for step 1, a timer for", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_timer_is_noticed()
    {
        var fireAt = new DateTimeOffset(At, TimeSpan.Zero).AddSeconds(5).ToUnixTimeMilliseconds();
        var message = Fails(
            new HistoryEvent(2, HistoryEventKind.TimerScheduled, 1, null, $"{fireAt}", At),
            async (context, spec) =>
            {
                await context.CreateTimer(TimeSpan.FromSeconds(6), CancellationToken.None);
                return Specs.Completed(spec);
            });
        Assert.Contains("00:00:05.000Z; the workflow asked for step 1, a timer for 2026-01-01T00:00:06.000Z", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_workflow_that_asks_for_less_is_noticed()
    {
        var message = Fails(Scheduled(1, "Clone", "{}"), (_, spec) => Task.FromResult(Specs.Completed(spec)));
        Assert.Contains("asked for nothing more", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_workflow_that_asks_for_more_is_noticed()
    {
        HistoryEvent[] history = [.. History(Scheduled(1, "A", "1")), new(3, HistoryEventKind.ActivityCompleted, 1, null, "\"a\"", At)];
        var exception = Assert.Throws<FailureException>(() => WorkflowReplay.Verify(
            async (context, spec) =>
            {
                await Task.WhenAll(context.CallActivityAsync<string>("A", 1), context.CallActivityAsync<string>("B", 2));
                return Specs.Completed(spec);
            },
            Spec,
            history));
        Assert.Contains("asked for step 2, the activity B", exception.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_history_that_goes_on_after_the_end_is_noticed()
    {
        HistoryEvent[] history =
        [
            .. History(Scheduled(1, "A", "1")),
            new(3, HistoryEventKind.ActivityCompleted, 1, null, "\"a\"", At),
            Scheduled(2, "B", "2") with { Sequence = 4 },
            new(5, HistoryEventKind.ActivityCompleted, 2, null, "\"b\"", At),
        ];
        var exception = Assert.Throws<FailureException>(() => WorkflowReplay.Verify(
            (context, spec) => CallAsync(context, spec, "A", 1), Spec, history));
        Assert.Equal(FailureCodes.NotDeterministic, exception.Failure.Code);
    }

    [Fact]
    public void A_workflow_that_waits_for_its_own_clock_is_noticed_at_once()
    {
        var exception = Assert.Throws<FailureException>(() => WorkflowReplay.Verify(
            async (_, spec) =>
            {
                await Task.Delay(TimeSpan.FromMinutes(5));
                return Specs.Completed(spec);
            },
            Spec,
            History()));
        Assert.Contains("waits for something that did not come from its context", exception.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_workflow_that_goes_on_on_another_thread_is_noticed()
    {
        var foreign = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var outside = new TaskCompletionSource();
        var execution = new WorkflowExecution(
            async (context, spec) =>
            {
                var cancelled = context.WaitForExternalEvent<string>("cancel");
                await outside.Task;
                await cancelled;
                return Specs.Completed(spec);
            },
            Spec,
            foreign.SetResult);
        execution.Handle(Started, replaying: false);

        await Task.Run(outside.SetResult, TestContext.Current.CancellationToken);
        await foreign.Task.WaitAsync(TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken);
        Assert.Throws<NotDeterministicException>(() => execution.Handle(
            new HistoryEvent(2, HistoryEventKind.EventReceived, null, "cancel", "\"x\"", At), replaying: false));
    }

    [Fact]
    public void Everything_of_a_workflow_runs_on_the_thread_that_drives_it()
    {
        var threads = new HashSet<int>();
        var execution = new WorkflowExecution(
            async (context, spec) =>
            {
                var calls = Enumerable.Range(0, 20).Select(number => context.CallActivityAsync<int>("A", number)).ToList();
                var sums = calls.Select(async call =>
                {
                    var value = await call;
                    threads.Add(Environment.CurrentManagedThreadId);
                    await Task.Yield();
                    threads.Add(Environment.CurrentManagedThreadId);
                    return value;
                });
                _ = await Task.WhenAll(sums).ContinueWith(_ => threads.Add(Environment.CurrentManagedThreadId));
                threads.Add(Environment.CurrentManagedThreadId);
                return Specs.Completed(spec);
            },
            Spec);
        execution.Handle(Started, replaying: false);
        for (var step = 20; step >= 1; step--)
            execution.Handle(new HistoryEvent(step, HistoryEventKind.ActivityCompleted, step, null, $"{step}", At), replaying: false);

        Assert.True(execution.IsCompleted);
        Assert.Equal([Environment.CurrentManagedThreadId], threads);
    }

    [Fact]
    public void Events_are_buffered_by_name_and_handed_out_in_order()
    {
        var execution = new WorkflowExecution(
            async (context, spec) =>
            {
                await context.CallActivityAsync<string>("A", 1);
                var seen = new List<string?>
                {
                    await context.WaitForExternalEvent<string>("x"),
                    await context.WaitForExternalEvent<string>("y"),
                    await context.WaitForExternalEvent<string>("x"),
                    await context.WaitForExternalEvent<string>("x"),
                };
                return Specs.Completed(spec, string.Join(',', seen));
            },
            Spec);
        execution.Handle(Started, replaying: false);
        (string Name, string? Payload)[] sent = [("x", "\"1\""), ("x", "\"2\""), ("y", "\"3\""), ("x", null)];
        foreach (var (name, payload) in sent)
            execution.Handle(new HistoryEvent(2, HistoryEventKind.EventReceived, null, name, payload, At), replaying: false);
        execution.Handle(new HistoryEvent(2, HistoryEventKind.ActivityCompleted, 1, null, "\"a\"", At), replaying: false);
        Assert.Equal("1,3,2,", execution.Result(SecretRedactor.None).Summary);
    }

    [Fact]
    public void What_escapes_the_workflow_is_an_unhandled_failure_without_secrets()
    {
        var execution = new WorkflowExecution((_, _) => throw new InvalidOperationException("token glpat-abcdef is bad"), Spec);
        execution.Handle(Started, replaying: false);
        var result = execution.Result(new SecretRedactor(["glpat-abcdef"]));
        Assert.Equal((TaskState.Failed, FailureCodes.Unhandled), (result.Status, result.Error?.Code));
        Assert.Contains("InvalidOperationException: token [redacted] is bad", result.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_custom_status_over_the_bound_is_refused()
    {
        var execution = new WorkflowExecution(
            (context, spec) =>
            {
                context.SetCustomStatus(new string('x', 8190));
                context.SetCustomStatus(new string('x', 8191));
                return Task.FromResult(Specs.Completed(spec));
            },
            Spec);
        execution.Handle(Started, replaying: false);
        Assert.Contains("8192 characters", execution.Result(SecretRedactor.None).Error!.Message, StringComparison.Ordinal);
        Assert.Equal(8192, execution.CustomStatus!.Length);
    }

    [Fact]
    public void An_input_over_the_bound_says_how_large_it_is()
    {
        var execution = new WorkflowExecution((context, spec) => CallAsync(context, spec, "Code", new string('好', 1_500_000)), Spec);
        Assert.Empty(execution.Handle(Started, replaying: false));
        Assert.Contains("The input of the activity Code has 4.3 MB, more than the 4 MB", execution.Result(SecretRedactor.None).Error!.Message, StringComparison.Ordinal);
    }

    private static readonly DateTime At = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private static HistoryEvent Started { get; } = new(1, HistoryEventKind.TaskStarted, null, null, null, At);

    private static HistoryEvent Scheduled(int step, string name, string payload) =>
        new(step + 1, HistoryEventKind.ActivityScheduled, step, name, payload, At);

    private static HistoryEvent[] History(params HistoryEvent[] rest) => [Started, .. rest];

    private static string Fails(HistoryEvent recorded, Func<IWorkflowContext, TaskSpec, Task<TaskResult>> workflow)
    {
        var exception = Assert.Throws<FailureException>(() => WorkflowReplay.Verify(workflow, Spec, History(recorded)));
        Assert.Equal(FailureCodes.NotDeterministic, exception.Failure.Code);
        return exception.Failure.Message;
    }

    private static async Task<TaskResult> CallAsync(IWorkflowContext context, TaskSpec spec, string name, object input)
    {
        await context.CallActivityAsync<string>(name, input);
        return Specs.Completed(spec);
    }

    /// <summary>Kills a run after so many events, replays what is recorded, and lets it go on with what came next.</summary>
    private static void GoesOnAfter(Operation[][] program, RecordedRun run, int length)
    {
        var history = run.History.Take(length).ToList();
        var incoming = history.FindLastIndex(recorded => !recorded.IsStep);
        // One turn's steps are one transaction: a kill leaves all of them or none.
        var end = incoming + 1 + run.History.Skip(incoming + 1).TakeWhile(recorded => recorded.IsStep).Count();
        if (length != incoming + 1 && length != end)
            return;

        var execution = new WorkflowExecution(RandomWorkflow.Of(program), Spec);
        var asked = WorkflowReplay.Run(execution, history);
        Assert.Equal(length == end ? [] : run.History.Take(end).Skip(length).Select(recorded => (recorded.Kind, recorded.Step, recorded.Name, recorded.Payload)), asked.Select(step => (step.Kind, (int?)step.Step, step.Name, step.Payload)));
        Assert.Equal(run.After[incoming], (execution.CustomStatus, RecordedRun.Describe(execution.Outstanding)));
        var completed = history.Where(recorded => recorded.Kind == HistoryEventKind.ActivityCompleted).Select(recorded => recorded.Step!.Value);
        Assert.Empty(execution.Outstanding.Select(step => step.Step).Intersect(completed));

        foreach (var next in run.History.Skip(end).Where(recorded => !recorded.IsStep))
            execution.Handle(next, replaying: false);
        Assert.Equal(run.Result.Summary, execution.Result(SecretRedactor.None).Summary);
    }
}
