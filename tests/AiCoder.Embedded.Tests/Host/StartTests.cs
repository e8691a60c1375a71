using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;

namespace AiCoder.Embedded.Tests.Host;

public sealed class StartTests
{
    [Fact]
    public async Task A_task_runs_to_its_result_which_is_kept()
    {
        await using var fixture = new HostFixture();
        fixture.Activities.On("A", (_, context, _) =>
        {
            context.Report(new(TaskState.Coding, "half way"));
            return Task.FromResult<object>("结果");
        });
        var host = fixture.Open();
        using var updates = host.Subscribe("t");

        var outcome = await HostFixture.StartAsync(host, Specs.Of("t"));
        var record = await HostFixture.WaitAsync(host, "t");

        Assert.Equal(StartKind.Started, outcome.Kind);
        Assert.Equal((TaskState.Completed, "结果"), (record.State, record.Result!.Summary));
        Assert.True(record.EndedAt >= record.CreatedAt);
        Assert.Null(record.RunBy);
        Assert.Equal(["t A 1"], fixture.Activities.Calls);
        await host.DisposeAsync();

        var seen = new List<ProgressUpdate>();
        while (updates.Reader.TryRead(out var update))
            seen.Add(update);
        Assert.Contains(seen, update => update.Activity?.Detail == "half way");
        Assert.Equal("结果", seen[^1].Result?.Summary);

        var later = await fixture.Open().GetAsync("t", HostFixture.Cancellation);
        Assert.Equal((record.Result.Summary, record.EndedAt), (later!.Result!.Summary, later.EndedAt));
        Assert.Equal("添加登录功能", later.Spec.Intent);
    }

    [Fact]
    public async Task The_same_task_again_is_the_same_task()
    {
        await using var fixture = new HostFixture();
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await HostFixture.WaitAsync(host, "t");

        var outcome = await HostFixture.StartAsync(fixture.Open(), Specs.Of("t"));

        Assert.Equal((StartKind.Same, TaskState.Completed), (outcome.Kind, outcome.Task.State));
        Assert.Single(fixture.Activities.Calls);
    }

    [Fact]
    public async Task The_same_task_worded_differently_is_the_same_task()
    {
        await using var fixture = new HostFixture();
        var host = fixture.Open();
        await host.StartAsync(Specs.Of("t"), TaskSecrets.None, "one wording", "", HostFixture.Cancellation);
        var outcome = await host.StartAsync(Specs.Of("t"), TaskSecrets.None, "another", "", HostFixture.Cancellation);
        Assert.Equal(StartKind.Same, outcome.Kind);
    }

    [Fact]
    public async Task Another_body_is_a_conflict_that_names_what_differs()
    {
        await using var fixture = new HostFixture();
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"), new TaskSecrets { Token = "one" });

        var other = Specs.Of("t") with { Intent = "删除登录功能", Limits = new TaskLimits { MaxTurns = 5 }, Paths = ["src"] };
        var outcome = await HostFixture.StartAsync(host, other, new TaskSecrets { Token = "two" });

        Assert.Equal(StartKind.Conflict, outcome.Kind);
        Assert.Equal(["intent", "paths", "limits.max_turns", "credentials.token"], outcome.Differences);
        Assert.Equal("添加登录功能", outcome.Task.Spec.Intent);
    }

    [Fact]
    public async Task Other_secrets_alone_are_a_conflict_and_do_not_replace_the_first()
    {
        await using var fixture = new HostFixture();
        fixture.Activities.Hanging("A");
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"), new TaskSecrets { Token = "one" });
        var outcome = await HostFixture.StartAsync(host, Specs.Of("t"), new TaskSecrets { Token = "two" });
        Assert.Equal(["credentials.token"], outcome.Differences);
        Assert.Equal("one", fixture.Secrets.Kept["t"].Token);
    }

    [Fact]
    public async Task Racing_starts_start_once()
    {
        await using var fixture = new HostFixture();
        EmbeddedHost[] hosts = [fixture.Open(), fixture.Open()];
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => Task.Run(
            () => HostFixture.StartAsync(hosts[number % 2], Specs.Of("t"), new TaskSecrets { Token = "x" }))));
        await HostFixture.WaitAsync(hosts[0], "t");

        Assert.Single(outcomes, outcome => outcome.Kind == StartKind.Started);
        Assert.Equal(19, outcomes.Count(outcome => outcome.Kind == StartKind.Same));
        Assert.Single(fixture.Activities.Calls);
    }

    [Fact]
    public async Task Secrets_are_there_before_the_task_runs_and_gone_when_it_has_ended()
    {
        await using var fixture = new HostFixture();
        fixture.Activities.On("A", (_, context, _) => Task.FromResult<object>($"{fixture.Secrets.Kept[context.TaskId].Token!.Length}"));
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"), new TaskSecrets { Token = "secret-token" });
        var record = await HostFixture.WaitAsync(host, "t");
        Assert.Equal("12", record.Result!.Summary);
        Assert.Empty(fixture.Secrets.Kept);
    }

    [Fact]
    public async Task Secrets_that_could_not_be_deleted_are_swept_later()
    {
        await using var fixture = new HostFixture();
        fixture.Secrets.OnDelete = new IOException("busy");
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"), new TaskSecrets { Token = "secret-token" });
        Assert.Equal(TaskState.Completed, (await HostFixture.WaitAsync(host, "t")).State);
        Assert.Single(fixture.Secrets.Kept);

        fixture.Secrets.OnDelete = null;
        await fixture.Open().ResumeAllAsync(HostFixture.Cancellation);
        Assert.Empty(fixture.Secrets.Kept);
    }

    [Fact]
    public async Task A_start_that_was_killed_before_its_secrets_were_put_away_can_be_made_again()
    {
        await using var fixture = new HostFixture();
        fixture.Secrets.BeforePut = Task.Delay(Timeout.Infinite, HostFixture.Cancellation);
        _ = HostFixture.StartAsync(fixture.Open(), Specs.Of("t"), new TaskSecrets { Token = "one" });
        var host = fixture.Open();
        await Eventually.IsTrueAsync(async () => await host.GetAsync("t") is not null, "the id is reserved");
        fixture.LoseOwners();
        Assert.Empty(await host.ListAsync());
        Assert.Empty(await host.ResumeAllAsync(HostFixture.Cancellation));

        fixture.Secrets.BeforePut = Task.CompletedTask;
        var outcome = await HostFixture.StartAsync(host, Specs.Of("t"), new TaskSecrets { Token = "two" });

        Assert.Equal(StartKind.Started, outcome.Kind);
        Assert.Equal(TaskState.Completed, (await HostFixture.WaitAsync(host, "t")).State);
    }

    [Fact]
    public async Task No_secret_stands_in_the_journal()
    {
        await using var fixture = new HostFixture();
        fixture.Workflow = async (context, spec) =>
        {
            context.SetCustomStatus(new TaskProgress { Status = TaskState.Coding });
            await context.CallActivityAsync<string>("A", spec);
            await context.CallActivityAsync<string>("Throws", 1);
            return Specs.Completed(spec);
        };
        fixture.Activities.On("Throws", (_, _, _) => throw new InvalidOperationException("401 for caller-secret-1 with glpat-of-the-operator"));
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"), new TaskSecrets { Token = "caller-secret-1", Password = "caller-secret-2" });
        var record = await HostFixture.WaitAsync(host, "t");
        Assert.Contains("401 for [redacted] with [redacted]", record.Result!.Error!.Message, StringComparison.Ordinal);
        await host.DisposeAsync();

        var files = Directory.GetFiles(fixture.StateDir);
        Assert.Contains(files, file => Path.GetFileName(file) == "journal.db");
        foreach (var text in files.Select(file => File.ReadAllText(file, System.Text.Encoding.Latin1)))
        {
            Assert.Contains("InvalidOperationException", text, StringComparison.Ordinal);
            foreach (var secret in new[] { "caller-secret-1", "caller-secret-2", "glpat-of-the-operator" })
                Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_activity_that_throws_is_a_failure_that_the_workflow_can_catch()
    {
        await using var fixture = new HostFixture();
        fixture.Workflow = async (context, spec) =>
        {
            var exception = await Assert.ThrowsAsync<FailureException>(() => context.CallActivityAsync<string>("Throws", 1));
            return Specs.Completed(spec, exception.Failure.Code);
        };
        fixture.Activities.On("Throws", (_, _, _) => throw new InvalidOperationException("no"));
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        Assert.Equal(FailureCodes.Unhandled, (await HostFixture.WaitAsync(host, "t")).Result!.Summary);
    }

    [Fact]
    public async Task An_output_over_the_bound_says_which_activity_and_how_large()
    {
        await using var fixture = new HostFixture();
        fixture.Activities.On("A", (_, _, _) => Task.FromResult<object>(new string('x', 5_000_000)));
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        var error = (await HostFixture.WaitAsync(host, "t")).Result!.Error!;
        Assert.Contains("What the activity A returned has 4.8 MB", error.Message, StringComparison.Ordinal);
    }
}
