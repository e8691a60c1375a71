using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Functions.Orchestration;
using AiCoder.Functions.Tasks;
using AiCoder.Functions.Tests.Infrastructure;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace AiCoder.Functions.Tests.Tasks;

public sealed class DurableTaskHostTests : IDisposable
{
    private const string Token = "glpat-0123456789abcdefghij";

    private readonly HostFixture _fixture = new();

    private static CancellationToken Stop => HostFixture.Stop;

    [Fact]
    public async Task A_new_task_is_pending_and_its_secrets_are_kept_under_a_reference_and_not_in_the_hub()
    {
        var outcome = await _fixture.Host.StartAsync(_fixture.Task("a", token: Token), Stop);

        Assert.Equal((StartKind.Started, TaskState.Pending), (outcome.Kind, outcome.Task.State));
        Assert.All(_fixture.Hub.Written, written => Assert.DoesNotContain(Token, written, StringComparison.Ordinal));
        var input = Input();
        Assert.Equal(Token, (await _fixture.Secrets.GetAsync(input.SecretsReference!, Stop)).GitlabApiToken);
    }

    [Fact]
    public async Task The_same_task_again_is_the_same_and_another_is_a_conflict_that_names_what_differs()
    {
        await _fixture.Host.StartAsync(_fixture.Task("a", token: Token), Stop);
        var same = await _fixture.Host.StartAsync(_fixture.Task("a", token: Token), Stop);
        var intent = await _fixture.Host.StartAsync(_fixture.Task("a", "something else", Token), Stop);
        var token = await _fixture.Host.StartAsync(_fixture.Task("a", token: Token + "x"), Stop);

        Assert.Equal(StartKind.Same, same.Kind);
        Assert.Equal((StartKind.Conflict, "intent"), (intent.Kind, string.Join(' ', intent.Differences)));
        Assert.Equal((StartKind.Conflict, "gitlab_api_token"), (token.Kind, string.Join(' ', token.Differences)));
        Assert.Equal(1, _fixture.KeptSecrets);
    }

    [Fact]
    public async Task An_id_stays_taken_after_its_task_has_ended()
    {
        await _fixture.Host.StartAsync(_fixture.Task("a"), Stop);
        _fixture.Hub.Set("a", OrchestrationRuntimeStatus.Completed, output: new TaskResult { TaskId = "a", Status = TaskState.Failed });

        Assert.Equal(StartKind.Same, (await _fixture.Host.StartAsync(_fixture.Task("a"), Stop)).Kind);
        Assert.Equal(StartKind.Conflict, (await _fixture.Host.StartAsync(_fixture.Task("a", "other"), Stop)).Kind);
    }

    [Fact]
    public async Task Of_requests_that_race_for_an_id_one_wins_with_its_own_secrets_and_the_others_leave_none()
    {
        var together = new TaskCompletionSource();
        var waiting = 0;
        _fixture.Hub.BeforeInsert = () =>
        {
            if (Interlocked.Increment(ref waiting) == 8)
                together.SetResult();
            return together.Task;
        };
        var tokens = Enumerable.Range(0, 8).Select(number => $"{Token}{number}").ToList();
        var outcomes = await Task.WhenAll(tokens.Select(token => Task.Run(() => _fixture.Host.StartAsync(_fixture.Task("a", token: token), Stop))));

        var winner = Assert.Single(outcomes.Index(), outcome => outcome.Item.Kind == StartKind.Started);
        Assert.Equal(7, outcomes.Count(outcome => outcome.Kind == StartKind.Conflict));
        Assert.Equal(1, _fixture.KeptSecrets);
        var kept = (await _fixture.Hub.GetInstancesAsync("a", true, Stop))!.SerializedInput!;
        var reference = JsonSerializer.Deserialize<OrchestrationInput>(kept, AiCoderJson.Options)!.SecretsReference!;
        Assert.Equal(tokens[winner.Index], (await _fixture.Secrets.GetAsync(reference, Stop)).GitlabApiToken);
    }

    [Fact]
    public async Task A_start_that_the_hub_took_although_it_answered_with_an_error_is_started()
    {
        _fixture.Hub.FailAfter = new TimeoutException("no answer");
        var outcome = await _fixture.Host.StartAsync(_fixture.Task("a", token: Token), Stop);

        Assert.Equal((StartKind.Started, 1), (outcome.Kind, _fixture.KeptSecrets));
    }

    [Fact]
    public async Task A_start_that_the_hub_did_not_take_is_a_failure_to_be_tried_again_and_leaves_no_secret()
    {
        _fixture.Hub.FailBefore = new TimeoutException("no answer");
        var exception = await Assert.ThrowsAsync<FailureException>(() => _fixture.Host.StartAsync(_fixture.Task("a", token: Token), Stop));

        Assert.Equal((FailureCodes.StorageUnavailable, true), (exception.Failure.Code, exception.Failure.Retryable));
        Assert.Equal(0, _fixture.KeptSecrets);
    }

    [Fact]
    public async Task A_running_task_shows_its_status_and_never_an_end_without_a_result()
    {
        await _fixture.Host.StartAsync(_fixture.Task("a"), Stop);
        _fixture.Hub.Set("a", OrchestrationRuntimeStatus.Running, new TaskProgress { Status = TaskState.Testing, Progress = 70, Usage = new() { Turns = 3 } });
        var testing = (await _fixture.Host.GetAsync("a", Stop))!;
        _fixture.Hub.Set("a", OrchestrationRuntimeStatus.Running, new TaskProgress { Status = TaskState.Completed, Progress = 100 });
        var ending = (await _fixture.Host.GetAsync("a", Stop))!;

        Assert.Equal((TaskState.Testing, 70, 3, false), (testing.State, testing.Progress!.Progress, testing.Usage.Turns, testing.HasEnded));
        Assert.Equal((TaskState.Committing, null), (ending.State, ending.Result));
    }

    [Fact]
    public async Task A_task_that_the_hub_ended_itself_has_a_result_that_says_so()
    {
        await _fixture.Host.StartAsync(_fixture.Task("a"), Stop);
        _fixture.Hub.Set("a", OrchestrationRuntimeStatus.Failed, failure: new TaskFailureDetails("DurableTask.Core.NonDeterministicOrchestrationException", "…", null, null, null));
        Assert.Equal(FailureCodes.NotDeterministic, (await _fixture.Host.GetAsync("a", Stop))!.Result!.Error!.Code);

        _fixture.Hub.Set("a", OrchestrationRuntimeStatus.Failed, failure: new TaskFailureDetails("System.OutOfMemoryException", "…", null, null, null));
        Assert.Equal(FailureCodes.Unhandled, (await _fixture.Host.GetAsync("a", Stop))!.Result!.Error!.Code);

        _fixture.Hub.Set("a", OrchestrationRuntimeStatus.Terminated);
        Assert.Equal(TaskState.Cancelled, (await _fixture.Host.GetAsync("a", Stop))!.Result!.Status);
    }

    [Fact]
    public async Task Cancel_reaches_the_mailbox_and_the_workflow()
    {
        await _fixture.Host.StartAsync(_fixture.Task("a"), Stop);

        Assert.Equal(CancelOutcome.Requested, await _fixture.Host.CancelAsync("a", "not needed", Stop));
        Assert.Equal([(Input().StartId, "Cancel", null)], _fixture.Hub.Mailboxes.Signals);
        var raised = Assert.Single(_fixture.Hub.Raised);
        Assert.Equal(("a", WorkflowEvents.Cancel), (raised.Instance, raised.Name));
        Assert.Contains("not needed", raised.Payload, StringComparison.Ordinal);
        Assert.Equal(CancelOutcome.NotFound, await _fixture.Host.CancelAsync("b", null, Stop));
        _fixture.Hub.Set("a", OrchestrationRuntimeStatus.Completed, output: new TaskResult { TaskId = "a", Status = TaskState.Cancelled });
        Assert.Equal(CancelOutcome.AlreadyEnded, await _fixture.Host.CancelAsync("a", null, Stop));
    }

    [Fact]
    public async Task A_message_that_quotes_the_tasks_token_reaches_the_hub_without_it()
    {
        await _fixture.Host.StartAsync(_fixture.Task("a", token: Token), Stop);
        await _fixture.Host.SendMessageAsync("a", $"use {Token} please", Stop);

        var (key, operation, text) = Assert.Single(_fixture.Hub.Mailboxes.Signals);
        Assert.Equal((Input().StartId, "Send"), (key, operation));
        Assert.Contains("please", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reason_and_a_comment_that_quote_the_tasks_token_reach_the_hub_without_it()
    {
        await _fixture.Host.StartAsync(_fixture.Task("a", token: Token), Stop);
        await _fixture.Host.ApproveAsync("a", new(true, $"with {Token}"), Stop);
        await _fixture.Host.CancelAsync("a", $"because of {Token}", Stop);

        Assert.Equal(2, _fixture.Hub.Raised.Count);
        Assert.All(_fixture.Hub.Raised, raised => Assert.Contains("[redacted]", raised.Payload, StringComparison.Ordinal));
        Assert.All(_fixture.Hub.Raised, raised => Assert.DoesNotContain(Token, raised.Payload, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("login-1")]
    [InlineData("a.b")]
    public async Task Secrets_that_another_host_put_away_are_not_this_hosts_to_clean_up(string reference) =>
        Assert.True(await _fixture.Host.IsInUseAsync(reference, Stop));

    [Fact]
    public async Task Delete_takes_everything_of_an_ended_task_and_nothing_of_a_running_one()
    {
        await _fixture.Host.StartAsync(_fixture.Task("a", token: Token), Stop);
        await _fixture.Events.KeepAsync(new("a", TaskState.Started, default, new() { ["sequence"] = 1 }), Stop);
        Assert.Equal(DeleteOutcome.Running, await _fixture.Host.DeleteAsync("a", Stop));

        _fixture.Hub.Set("a", OrchestrationRuntimeStatus.Completed, output: new TaskResult { TaskId = "a", Status = TaskState.Completed });
        Assert.Equal(DeleteOutcome.Deleted, await _fixture.Host.DeleteAsync("a", Stop));
        Assert.Equal(DeleteOutcome.NotFound, await _fixture.Host.DeleteAsync("a", Stop));
        Assert.Equal(0, _fixture.KeptSecrets);
        Assert.False(Directory.Exists(Path.Combine(_fixture.Options.WorkspaceDir, "a")));
    }

    [Fact]
    public async Task A_removal_that_was_overtaken_takes_nothing_of_the_task_that_is_begun_after_it()
    {
        await _fixture.Host.StartAsync(_fixture.Task("a"), Stop);
        _fixture.Hub.Set("a", OrchestrationRuntimeStatus.Completed, output: new TaskResult { TaskId = "a", Status = TaskState.Completed });
        var workspace = Path.Combine(_fixture.Options.WorkspaceDir, "a");
        _fixture.Hub.Mailboxes.BeforeSignal = async () =>
        {
            await _fixture.Hub.PurgeInstanceAsync("a", cancellation: Stop);
            await _fixture.Host.StartAsync(_fixture.Task("a", "another"), Stop);
            Directory.CreateDirectory(workspace);
        };

        Assert.Equal(DeleteOutcome.NotFound, await _fixture.Host.DeleteAsync("a", Stop));
        Assert.Equal("another", (await _fixture.Host.GetAsync("a", Stop))!.Spec.Intent);
        Assert.True(Directory.Exists(workspace));
    }

    [Fact]
    public async Task A_task_takes_so_many_messages_and_no_more()
    {
        await _fixture.Host.StartAsync(_fixture.Task("a"), Stop);
        var messages = Enumerable.Range(1, TaskMessage.MostOfTask).Select(number => new TaskMessage(number, "text")).ToList();
        _fixture.Hub.Mailboxes.Set(Input().StartId, new() { Messages = messages[1..] });
        Assert.Equal(SendOutcome.Sent, await _fixture.Host.SendMessageAsync("a", "the last", Stop));
        _fixture.Hub.Mailboxes.Set(Input().StartId, new() { Messages = messages });

        Assert.Equal(SendOutcome.TooMany, await _fixture.Host.SendMessageAsync("a", "one more", Stop));
        Assert.Single(_fixture.Hub.Mailboxes.Signals);
    }

    [Fact]
    public async Task The_list_has_tasks_only_and_goes_on_where_it_stopped()
    {
        foreach (var id in new[] { "a", "b", "c" })
            await _fixture.Host.StartAsync(_fixture.Task(id), Stop);
        _fixture.Hub.Add("SomethingElse", "d");

        var first = await _fixture.Host.ListAsync(2, null, Stop);
        var second = await _fixture.Host.ListAsync(2, first.Next, Stop);
        Assert.Equal(["a", "b", "c"], first.Tasks.Concat(second.Tasks).Select(task => task.TaskId).Order());
        Assert.NotNull(first.Next);
        Assert.Null(second.Next);
        Assert.Null(await _fixture.Host.GetAsync("d", Stop));
    }

    [Fact]
    public async Task Old_tasks_are_purged_and_young_and_running_ones_stay()
    {
        var (old, young) = (DateTimeOffset.UtcNow.AddDays(-8), DateTimeOffset.UtcNow.AddDays(-1));
        foreach (var id in new[] { "old", "young", "running" })
            await _fixture.Host.StartAsync(_fixture.Task(id), Stop);
        _fixture.Hub.Set("old", OrchestrationRuntimeStatus.Completed, output: new TaskResult { TaskId = "old", Status = TaskState.Completed }, at: old);
        _fixture.Hub.Set("young", OrchestrationRuntimeStatus.Completed, output: new TaskResult { TaskId = "young", Status = TaskState.Completed }, at: young);
        _fixture.Hub.Set("running", OrchestrationRuntimeStatus.Running, at: old);

        Assert.Equal(1, await _fixture.Host.PurgeAsync(DateTimeOffset.UtcNow.AddDays(-7), Stop));
        Assert.Equal(["running", "young"], (await _fixture.Host.ListAsync(10, null, Stop)).Tasks.Select(task => task.TaskId).Order());
    }

    [Fact]
    public async Task Secrets_are_in_use_while_their_own_task_runs()
    {
        await _fixture.Host.StartAsync(_fixture.Task("a", token: Token), Stop);
        var reference = Input().SecretsReference!;

        Assert.Equal([reference], _fixture.Secrets.FindOlderThan(DateTimeOffset.UtcNow.AddMinutes(1)));
        Assert.Empty(_fixture.Secrets.FindOlderThan(DateTimeOffset.UtcNow.AddMinutes(-1)));
        Assert.True(await _fixture.Host.IsInUseAsync(reference, Stop));
        Assert.False(await _fixture.Host.IsInUseAsync($"a.{Guid.Empty:n}", Stop));
        Assert.False(await _fixture.Host.IsInUseAsync($"gone.{Guid.Empty:n}", Stop));
        _fixture.Hub.Set("a", OrchestrationRuntimeStatus.Completed, output: new TaskResult { TaskId = "a", Status = TaskState.Completed });
        Assert.False(await _fixture.Host.IsInUseAsync(reference, Stop));
    }

    public void Dispose() => _fixture.Dispose();

    private OrchestrationInput Input() => JsonSerializer.Deserialize<OrchestrationInput>(_fixture.Hub.Written.First(), AiCoderJson.Options)!;
}
