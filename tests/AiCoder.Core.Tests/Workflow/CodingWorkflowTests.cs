using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Testing.Workflows;

namespace AiCoder.Core.Tests.Workflow;

/// <summary>The scenarios replayed at every event, and what needs virtual time.</summary>
public sealed class CodingWorkflowTests : WorkflowScenarios
{
    [Fact]
    public void Nobody_who_approves_ends_the_task_after_three_days_and_the_tasks_own_time_stands_still_meanwhile()
    {
        var scenario = new Scenario();
        scenario.Spec = scenario.Spec with { Approval = ApprovalMode.Plan, Limits = new() { MaxMinutes = 5 } };
        var (result, host) = ReplayingHost.Run(scenario);

        Assert.Equal("approval_timeout", result.Error?.Code);
        Assert.Equal(3, host.Elapsed.TotalDays, tolerance: 0.01);
    }

    [Fact]
    public void An_activity_that_hangs_ends_with_the_tasks_time()
    {
        var scenario = new Scenario { Code = _ => Scenario.Hang };
        scenario.Spec = scenario.Spec with { Limits = new() { MaxMinutes = 5 } };
        var (result, host) = ReplayingHost.Run(scenario);

        Assert.Equal("limit_time", result.Error?.Code);
        Assert.Equal(5, host.Elapsed.TotalMinutes, tolerance: 1);
    }

    [Fact]
    public void Git_is_tried_three_times_a_webhook_five_times_and_a_dead_webhook_fails_nothing()
    {
        var refused = Failure.Of(FailureCodes.Reset, "reset");
        var (result, _) = ReplayingHost.Run(new Scenario { Clone = _ => refused, Notify = _ => null });
        Assert.Equal("reset", result.Error?.Code);

        var cloning = new Scenario { Clone = _ => refused };
        ReplayingHost.Run(cloning);
        Assert.Equal(3, cloning.Calls(ActivityNames.Clone));

        var silent = new Scenario { Notify = call => call.Input.Event.Status == TaskState.Cloning ? refused : null };
        var (completed, _) = ReplayingHost.Run(silent);
        Assert.Equal(TaskState.Completed, completed.Status);
        Assert.Equal((2, "cloning"), (completed.UndeliveredEvents[0].Sequence, completed.UndeliveredEvents[0].Status));
        Assert.Single(completed.UndeliveredEvents);
        Assert.Equal(6 + 5, silent.Calls(ActivityNames.Notify));
    }

    [Fact]
    public void A_dead_webhook_delays_the_end_by_its_bound_only_and_every_event_is_tried_in_order()
    {
        var tried = new List<(int Sequence, int Attempt)>();
        var scenario = new Scenario
        {
            Notify = call =>
            {
                tried.Add(((int)call.Input.Event.Data["sequence"]!, call.Input.Attempt));
                return Failure.Of(FailureCodes.Timeout, "no answer");
            },
        };
        var (result, host) = ReplayingHost.Run(scenario);

        Assert.Equal(TaskState.Completed, result.Status);
        Assert.Equal(Enumerable.Range(1, 7), result.UndeliveredEvents.Select(undelivered => undelivered.Sequence));
        Assert.Equal(tried.Order(), tried);
        Assert.InRange(host.Elapsed, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(45));
    }

    [Fact]
    public void An_overloaded_model_is_waited_for_by_its_own_word()
    {
        var scenario = new Scenario();
        var analyze = scenario.Analyze;
        scenario.Analyze = call => call.Number <= 5 ? Failure.Of(FailureCodes.RateLimited, "429", TimeSpan.FromSeconds(90)) : analyze(call);
        var (result, host) = ReplayingHost.Run(scenario);

        Assert.Equal(TaskState.Completed, result.Status);
        Assert.InRange(host.Elapsed, TimeSpan.FromSeconds(450), TimeSpan.FromSeconds(500));
    }

    [Theory]
    [InlineData(FailureCodes.RateLimited)]
    [InlineData(FailureCodes.ServerError)]
    public void A_busy_model_is_waited_for_as_long_as_the_task_has_time_and_no_longer(string code)
    {
        var busy = Failure.Of(code, "busy");
        var scenario = new Scenario();
        var coded = scenario.Code;
        // More tries than anything else gets.
        scenario.Code = call => call.Number <= 45 ? busy : coded(call);
        var (result, host) = ReplayingHost.Run(scenario);
        Assert.Equal(TaskState.Completed, result.Status);
        Assert.InRange(host.Elapsed, TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(60));

        var never = new Scenario { Analyze = _ => busy };
        never.Spec = never.Spec with { Limits = new() { MaxMinutes = 40 } };
        (result, host) = ReplayingHost.Run(never);
        Assert.Equal("limit_time", result.Error?.Code);
        Assert.Contains("busy", result.Error!.Message, StringComparison.Ordinal);
        Assert.InRange(host.Elapsed, TimeSpan.FromMinutes(38), TimeSpan.FromMinutes(41));
        Assert.InRange(never.Calls(ActivityNames.Analyze), 35, 60);
    }

    [Fact]
    public void A_wait_that_is_longer_than_the_tasks_time_ends_it_at_once()
    {
        var scenario = new Scenario { Code = _ => Failure.Of(FailureCodes.RateLimited, "come back tomorrow", TimeSpan.FromDays(1)) };
        scenario.Spec = scenario.Spec with { Limits = new() { MaxMinutes = 5 } };
        var (result, host) = ReplayingHost.Run(scenario);

        Assert.Equal("limit_time", result.Error?.Code);
        Assert.Contains("come back tomorrow", result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(1, scenario.Calls(ActivityNames.Code));
        Assert.InRange(host.Elapsed, TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void What_else_goes_wrong_on_the_way_to_a_model_has_its_number_of_tries()
    {
        var silent = new Scenario { Code = _ => Failure.Of(FailureCodes.Timeout, "silent") };
        Assert.Equal("timeout", ReplayingHost.Run(silent).Result.Error?.Code);
        Assert.Equal(30, silent.Calls(ActivityNames.Code));

        var refused = new Scenario { Code = _ => Failure.Of(FailureCodes.Refused, "refused") };
        Assert.Equal("refused", ReplayingHost.Run(refused).Result.Error?.Code);
        Assert.Equal(4, refused.Calls(ActivityNames.Code));
    }

    [Fact]
    public void The_custom_status_follows_the_task()
    {
        var (_, host) = ReplayingHost.Run(new Scenario());

        Assert.Equal(TaskState.Completed, host.Statuses[^1].Status);
        Assert.Equal(115, host.Statuses[^1].Usage.TotalTokens);
        Assert.True(host.Replays > 10);
    }

    protected override Task<TaskResult> RunAsync(Scenario scenario) => Task.FromResult(ReplayingHost.Run(scenario).Result);
}
