using AiCoder.Core.Tasks;
using AiCoder.Embedded.Journal;
using AiCoder.Embedded.TestHost;
using AiCoder.Testing;
using Microsoft.Data.Sqlite;

namespace AiCoder.Embedded.Tests.Host;

public sealed class KillTests
{
    private const string Expected = "Work:left1 Work:right1 Work:left2 Work:right2 Work:left3 Work:right3";

    [Fact]
    public async Task A_process_killed_after_each_event_and_started_again_comes_to_the_same_result()
    {
        using var folder = new TemporaryFolder();
        List<HistoryEvent> history = [];
        for (var kills = 0; ; kills++)
        {
            // Each run gets as far as its first write and not to what follows from it.
            var (calls, completed, recorded) = (Calls(folder).Count, CompletedCalls(history), history.Count);
            using var process = HostProcess.Start(folder.Root, "t", killAfter: recorded + 1);
            var (exitCode, output) = await process.EndAsync();

            Assert.Empty(completed.Intersect(Calls(folder).Skip(calls)));
            history = await HistoryAsync(folder);
            if (exitCode == 0)
            {
                Assert.Contains(Expected, output, StringComparison.Ordinal);
                Assert.Equal(recorded, history.Count);
                // The start, 9 answers, 3 timers that fired and the end are a write each.
                Assert.True(kills >= 14, $"It was killed {kills} times.");
                break;
            }

            Assert.True(history.Count > recorded, "What was written before the kill is there.");
        }

        Assert.Equal(Enumerable.Range(1, 26), history.Select(recorded => (int)recorded.Sequence));
    }

    [Fact]
    public async Task A_task_of_a_killed_process_is_taken_over_at_once()
    {
        await using var fixture = new HostFixture { Workflow = ChainsWorkflow.RunAsync };
        using var process = HostProcess.Start(fixture.StateDir, "t", hang: true);
        var host = fixture.Open();
        await Eventually.IsTrueAsync(async () => (await host.GetHistoryAsync("t")).Count >= 4, "the first calls are recorded");
        Assert.Equal(ResumeKind.RunningElsewhere, (await host.ResumeAsync("t", HostFixture.Cancellation)).Kind);
        Assert.Equal($"process {process.Id} on {Environment.MachineName}", (await host.GetAsync("t", HostFixture.Cancellation))!.RunBy);

        await process.KillAsync();

        Assert.Equal(ResumeKind.Resumed, (await host.ResumeAsync("t", HostFixture.Cancellation)).Kind);
        Assert.Equal(TaskState.Completed, (await HostFixture.WaitAsync(host, "t")).State);
    }

    [Fact]
    public async Task Cancel_reaches_a_task_in_another_process()
    {
        await using var fixture = new HostFixture();
        using var process = HostProcess.Start(fixture.StateDir, "t", hang: true);
        var host = fixture.Open();
        await Eventually.IsTrueAsync(async () => (await host.GetHistoryAsync("t")).Count >= 4, "the first calls are recorded");

        Assert.Equal(CancelOutcome.Requested, await host.CancelAsync("t", "enough", HostFixture.Cancellation));

        Assert.Equal((TaskState.Cancelled, "enough"), ((await process.ResultAsync<TaskResult>())!.Status, (await HostFixture.WaitAsync(host, "t")).Result!.Summary));
    }

    [Fact]
    public async Task A_process_that_stood_still_while_another_took_its_task_records_nothing_more()
    {
        await using var fixture = new HostFixture { Workflow = ChainsWorkflow.RunAsync };
        using var process = HostProcess.Start(fixture.StateDir, "t", hang: true);
        var host = fixture.Open();
        await Eventually.IsTrueAsync(async () => (await host.GetHistoryAsync("t")).Count >= 4, "the first calls are recorded");

        await StopAsync(process, fixture);
        Assert.Equal(ResumeKind.Resumed, (await host.ResumeAsync("t", HostFixture.Cancellation)).Kind);
        var record = await HostFixture.WaitAsync(host, "t");
        var history = await host.GetHistoryAsync("t", HostFixture.Cancellation);
        await File.WriteAllTextAsync(Path.Combine(fixture.StateDir, "go"), "", HostFixture.Cancellation);
        await process.SignalAsync("CONT");

        // It sees the task's end and prints the other's result.
        Assert.Equal(record.Result!.Summary, (await process.ResultAsync<TaskResult>())!.Summary);
        Assert.Equal(history, await host.GetHistoryAsync("t", HostFixture.Cancellation));
    }

    /// <summary>Stops it, so that its lease runs out; but not while it writes, or nobody could.</summary>
    private static async Task StopAsync(HostProcess process, HostFixture fixture)
    {
        while (true)
        {
            await process.SignalAsync("STOP");
            try
            {
                fixture.Execute("UPDATE owners SET expires_at = 0");
                return;
            }
            catch (SqliteException exception) when (exception.SqliteErrorCode == SQLitePCL.raw.SQLITE_BUSY)
            {
                await process.SignalAsync("CONT");
            }
        }
    }

    private static HashSet<string> CompletedCalls(List<HistoryEvent> history)
    {
        var names = history.Where(recorded => recorded.Kind == HistoryEventKind.ActivityScheduled)
            .ToDictionary(recorded => recorded.Step!.Value, recorded => recorded.Payload!.Trim('"'));
        return [.. history.Where(recorded => recorded.Kind == HistoryEventKind.ActivityCompleted).Select(recorded => names[recorded.Step!.Value])];
    }

    private static List<string> Calls(TemporaryFolder folder) =>
        File.Exists(folder["calls.log"]) ? [.. File.ReadAllLines(folder["calls.log"]).Select(line => line.Split(' ')[1])] : [];

    private static async Task<List<HistoryEvent>> HistoryAsync(TemporaryFolder folder)
    {
        using var journal = TaskJournal.Open(folder.Root, TimeProvider.System);
        return await journal.ReadAsync(connection => HistoryTable.Read(connection, 1), HostFixture.Cancellation);
    }
}
