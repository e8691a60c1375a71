using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using Xunit;

namespace AiCoder.Testing.Workflows;

/// <summary>What the workflow does, whichever host runs it. Written once; each host's tests derive from it.</summary>
public abstract class WorkflowScenarios
{
    private static readonly Usage Spent = new() { Turns = 2, InputTokens = 110, OutputTokens = 5 };

    [Fact]
    public async Task A_task_goes_through_its_stages_and_reports_each()
    {
        var scenario = new Scenario();
        var result = await RunAsync(scenario);

        Assert.Equal((TaskState.Completed, "commit-1", null), (result.Status, result.CommitHash, result.Error));
        Assert.Equal(["started", "cloning", "analyzing", "coding", "testing", "committing", "completed"], scenario.DeliveredNames);
        Assert.Equal(Enumerable.Range(1, 7), scenario.Delivered.Select(sent => (int)sent.Data["sequence"]!));
        var progress = scenario.Delivered.Select(sent => (int)sent.Data["progress"]!).ToList();
        Assert.Equal(progress.Order(), progress);
        Assert.Equal(100, progress[^1]);
        Assert.Equal(Spent, result.Usage with { ByStage = null });
        Assert.Equal(["a submodule was left alone"], result.Notes);
        Assert.True(result.PushResult!.Pushed);
    }

    [Fact]
    public async Task A_failed_validation_goes_back_to_coding_with_its_report()
    {
        var scenario = new Scenario();
        var feedback = new List<string?>();
        scenario.Code = call =>
        {
            feedback.Add(call.Input.Feedback?.Reason);
            return Scenario.Coded(call.Input.Iteration);
        };
        scenario.Validate = call => call.Number < 3 ? Scenario.Validated(Verdict.Failed, $"red {call.Number}") : Scenario.Validated(Verdict.Passed);

        var result = await RunAsync(scenario);

        Assert.Equal((TaskState.Completed, 3), (result.Status, result.Iterations));
        Assert.Equal([null, "red 1", "red 2"], feedback);
        Assert.Equal(1, scenario.Calls(ActivityNames.Commit));
    }

    [Fact]
    public async Task A_validation_that_stays_red_fails_and_pushes_nothing()
    {
        var scenario = new Scenario { Validate = _ => Scenario.Validated(Verdict.Failed, "2 tests fail.") };
        var result = await RunAsync(scenario);

        Assert.Equal((TaskState.Failed, "validation_failed", 3), (result.Status, result.Error?.Code, result.Iterations));
        Assert.False(result.PushResult!.Pushed);
        Assert.Equal(0, scenario.Calls(ActivityNames.Commit));
        Assert.Contains("2 tests fail.", result.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_is_pushed_where_the_request_wants_it_and_the_task_still_fails()
    {
        var scenario = new Scenario { Validate = _ => Scenario.Validated(Verdict.Failed) };
        scenario.Spec = scenario.Spec with { OnValidationFailure = ValidationFailureAction.Draft, MaxIterations = 1 };
        var draft = false;
        var commit = scenario.Commit;
        scenario.Commit = call =>
        {
            draft = call.Input.Draft;
            return commit(call);
        };

        var result = await RunAsync(scenario);

        Assert.True(draft);
        Assert.Equal((TaskState.Failed, "validation_failed"), (result.Status, result.Error?.Code));
        Assert.True(result.PushResult!.Pushed);
        Assert.Equal("failed", scenario.DeliveredNames[^1]);
    }

    [Fact]
    public async Task What_was_not_tested_completes_and_says_so()
    {
        var scenario = new Scenario { Validate = _ => Scenario.Validated(Verdict.NotRun, "no tests found") };
        var result = await RunAsync(scenario);

        Assert.Equal((TaskState.Completed, Verdict.NotRun, "no tests found"), (result.Status, result.TestResults!.Verdict, result.TestResults.Reason));
    }

    [Fact]
    public async Task Coding_goes_on_in_batches_until_it_says_done()
    {
        var scenario = new Scenario();
        scenario.Code = call => Scenario.Coded(1, done: call.Input.Batch == 3);

        var result = await RunAsync(scenario);

        Assert.Equal(TaskState.Completed, result.Status);
        Assert.Equal(3, scenario.Calls(ActivityNames.Code));
        Assert.Equal(3, scenario.DeliveredNames.Count(name => name == "coding"));
    }

    [Theory]
    [InlineData(FailureCodes.Stuck)]
    [InlineData(FailureCodes.LimitTokens)]
    [InlineData(FailureCodes.NoChanges)]
    public async Task Coding_that_ends_without_success_keeps_what_was_done_and_pushes_nothing(string code)
    {
        var scenario = new Scenario { Code = _ => Scenario.Coded(1, done: true, Failure.Of(code, "why")) };
        var result = await RunAsync(scenario);

        Assert.Equal((TaskState.Failed, code), (result.Status, result.Error?.Code));
        Assert.Equal(["modified: a"], result.Changes);
        Assert.Equal(Spent, result.Usage with { ByStage = null });
        Assert.Equal(0, scenario.Calls(ActivityNames.Commit));
    }

    [Fact]
    public async Task A_passing_fault_is_tried_again()
    {
        var scenario = new Scenario();
        var clone = scenario.Clone;
        scenario.Clone = call => call.Number == 1 ? Failure.Of(FailureCodes.Reset, "reset") : clone(call);

        Assert.Equal(TaskState.Completed, (await RunAsync(scenario)).Status);
        Assert.Equal(2, scenario.Calls(ActivityNames.Clone));
    }

    [Fact]
    public async Task A_final_fault_is_not_tried_again()
    {
        var scenario = new Scenario { Clone = _ => Failure.Of(FailureCodes.InvalidToken, "bad token") };
        var result = await RunAsync(scenario);

        Assert.Equal((TaskState.Failed, "invalid_token", FailureCategory.Authentication), (result.Status, result.Error?.Code, result.Error?.Category));
        Assert.Equal(1, scenario.Calls(ActivityNames.Clone));
        Assert.Equal(["started", "cloning", "failed"], scenario.DeliveredNames);
    }

    [Theory]
    [InlineData(ActivityNames.Clone)]
    [InlineData(ActivityNames.Analyze)]
    [InlineData("Baseline")]
    [InlineData(ActivityNames.Code)]
    [InlineData(ActivityNames.Validate)]
    public async Task Cancel_ends_the_task_in_every_stage_though_its_activity_hangs(string stage)
    {
        var scenario = new Scenario();
        object HangAndCancel()
        {
            scenario.Control.Cancel();
            return Scenario.Hang;
        }

        switch (stage)
        {
            case ActivityNames.Clone: scenario.Clone = _ => HangAndCancel(); break;
            case ActivityNames.Analyze: scenario.Analyze = _ => HangAndCancel(); break;
            case "Baseline": scenario.Baseline = _ => HangAndCancel(); break;
            case ActivityNames.Code: scenario.Code = _ => HangAndCancel(); break;
            default: scenario.Validate = _ => HangAndCancel(); break;
        }

        var result = await RunAsync(scenario);

        Assert.Equal((TaskState.Cancelled, null), (result.Status, result.Error));
        Assert.Equal("cancelled", scenario.DeliveredNames[^1]);
        Assert.Equal(0, scenario.Calls(ActivityNames.Commit));
    }

    [Fact]
    public async Task A_push_that_is_under_way_is_not_cancelled_and_its_answer_counts()
    {
        var scenario = new Scenario();
        var commit = scenario.Commit;
        scenario.Commit = call =>
        {
            scenario.Control.Cancel();
            return commit(call);
        };

        var result = await RunAsync(scenario);

        Assert.Equal((TaskState.Completed, "commit-1"), (result.Status, result.CommitHash));
    }

    [Theory]
    [InlineData(ApprovalMode.Plan)]
    [InlineData(ApprovalMode.Changes)]
    public async Task An_approved_task_goes_on(ApprovalMode kind)
    {
        var scenario = Asking(kind, approved: true);
        var result = await RunAsync(scenario);

        Assert.Equal(TaskState.Completed, result.Status);
        Assert.Contains("awaiting_approval", scenario.DeliveredNames);
    }

    [Theory]
    [InlineData(ApprovalMode.Plan, 0)]
    [InlineData(ApprovalMode.Changes, 1)]
    public async Task A_refused_task_fails_and_pushes_nothing(ApprovalMode kind, int coded)
    {
        var scenario = Asking(kind, approved: false);
        var result = await RunAsync(scenario);

        Assert.Equal((TaskState.Failed, "approval_refused"), (result.Status, result.Error?.Code));
        Assert.Contains("not like this", result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal((coded, 0), (scenario.Calls(ActivityNames.Code), scenario.Calls(ActivityNames.Commit)));
    }

    [Fact]
    public async Task Metadata_is_echoed_in_every_event()
    {
        var scenario = new Scenario();
        scenario.Spec = scenario.Spec with { Metadata = new() { ["ticket"] = "需求-42" } };
        await RunAsync(scenario);

        Assert.All(scenario.Delivered, sent => Assert.Equal("需求-42", (string?)sent.Data["metadata"]!["ticket"]));
    }

    [Fact]
    public async Task A_receiver_that_is_gone_gets_nothing_more_and_the_result_says_so()
    {
        var scenario = new Scenario { Notify = call => call.Number == 2 ? new NotifyOutput(Stop: true) : null };
        var result = await RunAsync(scenario);

        Assert.Equal(TaskState.Completed, result.Status);
        Assert.Equal(2, scenario.Calls(ActivityNames.Notify) - scenario.Recorded.Count);
        Assert.Equal([3, 4, 5, 6, 7], scenario.Recorded.Select(recorded => recorded.Sequence));
        Assert.Equal([3, 4, 5, 6, 7], result.UndeliveredEvents.Select(undelivered => undelivered.Sequence));
    }

    /// <summary>Runs a scenario to its end, on the host under test.</summary>
    protected abstract Task<TaskResult> RunAsync(Scenario scenario);

    private static Scenario Asking(ApprovalMode kind, bool approved)
    {
        var scenario = new Scenario();
        scenario.Spec = scenario.Spec with { Approval = kind };
        scenario.Notify = call =>
        {
            if (call.Input.Event.Status == TaskState.AwaitingApproval)
                scenario.Control.Approve(approved, approved ? null : "not like this");
            return null;
        };
        return scenario;
    }
}
