using System.Diagnostics;
using System.Runtime.InteropServices;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Embedded.Journal;
using AiCoder.Embedded.Replay;
using AiCoder.Embedded.TestHost;
using AiCoder.Embedded.Tests.Host;
using AiCoder.Testing;
using Microsoft.Data.Sqlite;

namespace AiCoder.Embedded.Tests.Journal;

public sealed class TaskJournalTests
{
    private static string FirstVersion => Path.Combine(AppContext.BaseDirectory, "Journal", "journal.v1.db");

    [Fact]
    public async Task A_write_is_synced_to_the_log_before_it_returns()
    {
        using var folder = new TemporaryFolder();
        using var journal = TaskJournal.Open(folder.Root, TimeProvider.System);
        Assert.Equal(("wal", 2L), await journal.ReadAsync(connection => (
            connection.Scalar<string>("PRAGMA journal_mode"), connection.Scalar<long>("PRAGMA synchronous"))));
    }

    [Fact]
    public void Only_its_user_can_read_it()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes.");
            return;
        }

        using var folder = new TemporaryFolder();
        using var journal = TaskJournal.Open(folder["state"], TimeProvider.System);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder["state"]));
        foreach (var file in Directory.GetFiles(folder["state"]))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Theory]
    [InlineData(0x6969u, "NFS")]
    [InlineData(0xFF534D42u, "SMB")]
    [InlineData(0xFE534D42u, "SMB2")]
    [InlineData(0x65735546u, "FUSE")]
    [InlineData(0x01021997u, "9p")]
    public void A_network_file_system_is_refused_and_the_sentence_says_what_to_set(uint type, string name)
    {
        var failure = Assert.Throws<FailureException>(() => LocalDisk.Require("/mnt/share", type)).Failure;
        Assert.Equal(FailureCodes.Configuration, failure.Code);
        Assert.Contains($"/mnt/share: that is a {name}", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Set STATE_DIR to a folder on a local disk", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_system_is_known_by_its_type()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux says which file system it is.");
        Assert.Equal(0x9fa0u, LocalDisk.TypeOf("/proc"));
        // A container may go without it.
        if (Directory.Exists("/sys/kernel"))
            Assert.Equal(0x62656572u, LocalDisk.TypeOf("/sys"));
        LocalDisk.Require(Path.GetTempPath());
    }

    [Fact]
    public async Task A_journal_of_the_first_version_is_upgraded_and_keeps_its_tasks()
    {
        using var folder = new TemporaryFolder();
        File.Copy(FirstVersion, folder["journal.db"]);
        string[] versions = [JournalSchema.Versions[0], "ALTER TABLE tasks ADD COLUMN note TEXT; UPDATE tasks SET note = id;"];
        for (var opened = 0; opened < 2; opened++)
        {
            using var journal = TaskJournal.Open(folder.Root, TimeProvider.System, versions);
            Assert.Equal(2, await journal.ReadAsync(connection => connection.Scalar<long>("PRAGMA user_version")));
            Assert.Equal("finished", await journal.ReadAsync(connection => connection.Scalar<string>("SELECT note FROM tasks WHERE state = 'completed'")));
        }
    }

    [Fact]
    public async Task A_journal_of_the_first_version_gets_an_id_of_its_own_that_stays()
    {
        var ids = new List<string>();
        foreach (var _ in Enumerable.Range(0, 2))
        {
            using var folder = new TemporaryFolder();
            File.Copy(FirstVersion, folder["journal.db"]);
            for (var opened = 0; opened < 2; opened++)
            {
                using var journal = TaskJournal.Open(folder.Root, TimeProvider.System);
                ids.Add(await journal.ReadAsync(MetaTable.JournalId));
                Assert.Equal(2, await journal.ReadAsync(connection => connection.Scalar<long>("SELECT count(*) FROM tasks")));
            }
        }

        Assert.Matches("^[0-9a-f]{32}$", ids[0]);
        Assert.Equal((ids[0], ids[2]), (ids[1], ids[3]));
        Assert.NotEqual(ids[0], ids[2]);
    }

    [Fact]
    public async Task An_unfinished_task_of_the_first_version_goes_on_today()
    {
        await using var fixture = new HostFixture { Workflow = ChainsWorkflow.RunAsync };
        Directory.CreateDirectory(fixture.StateDir);
        File.Copy(FirstVersion, Path.Combine(fixture.StateDir, "journal.db"));
        fixture.Activities.On("Work", (input, _, _) => Task.FromResult<object>($"Work:{input.GetString()}"));
        var host = fixture.Open();

        Assert.Equal(["unfinished"], await host.ResumeAllAsync(HostFixture.Cancellation));
        var record = await HostFixture.WaitAsync(host, "unfinished");

        var finished = (await host.GetAsync("finished", HostFixture.Cancellation))!;
        Assert.Equal((TaskState.Completed, finished.Result!.Summary), (record.State, record.Result!.Summary));
        var history = await host.GetHistoryAsync("finished", HostFixture.Cancellation);
        Assert.Equal(finished.Result.Summary, WorkflowReplay.Verify(ChainsWorkflow.RunAsync, finished.Spec, history)!.Summary);
    }

    [Fact]
    public void A_journal_of_a_newer_version_is_refused()
    {
        using var folder = new TemporaryFolder();
        TaskJournal.Open(folder.Root, TimeProvider.System, [.. JournalSchema.Versions, "CREATE TABLE newer (x)"]).Dispose();
        var failure = Assert.Throws<FailureException>(() => TaskJournal.Open(folder.Root, TimeProvider.System)).Failure;
        Assert.Equal(FailureCodes.Configuration, failure.Code);
        Assert.Contains("newer AiCoder", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Processes_that_open_a_new_journal_at_the_same_time_all_get_it()
    {
        using var folder = new TemporaryFolder();
        var journals = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => TaskJournal.Open(folder.Root, TimeProvider.System))));
        foreach (var journal in journals)
        {
            Assert.Equal(JournalSchema.Versions.Count, await journal.ReadAsync(connection => connection.Scalar<long>("PRAGMA user_version")));
            journal.Dispose();
        }
    }

    [Fact]
    public void A_damaged_journal_is_a_failure_that_is_not_tried_again()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["journal.db"], new string('x', 10_000));
        var failure = Assert.Throws<FailureException>(() => TaskJournal.Open(folder.Root, TimeProvider.System)).Failure;
        Assert.Equal((FailureCodes.StorageUnavailable, false), (failure.Code, failure.Retryable));
        Assert.Contains("damaged", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_journal_that_another_process_holds_is_a_failure_that_is_tried_again()
    {
        using var folder = new TemporaryFolder();
        using var journal = TaskJournal.Open(folder.Root, TimeProvider.System, JournalSchema.Versions, TimeSpan.FromSeconds(1));
        await using var other = new SqliteConnection($"Data Source={folder["journal.db"]};Pooling=False");
        other.Open();
        await using var transaction = other.BeginTransaction(deferred: false);
        var failure = (await Assert.ThrowsAsync<FailureException>(() => journal.WriteAsync(connection => connection.Execute("DELETE FROM inbox")))).Failure;
        Assert.Equal((FailureCodes.StorageUnavailable, true), (failure.Code, failure.Retryable));
    }

    [Fact]
    public async Task It_is_closed_after_the_work_under_way_and_what_waits_is_told()
    {
        using var folder = new TemporaryFolder();
        var journal = TaskJournal.Open(folder.Root, TimeProvider.System);
        using var begun = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        var working = Task.Run(() => journal.WriteAsync(connection =>
        {
            begun.Set();
            goOn.Wait(HostFixture.Cancellation);
            return connection.Scalar<long>("SELECT count(*) FROM tasks");
        }));
        begun.Wait(HostFixture.Cancellation);
        var closing = Task.Run(journal.Dispose, HostFixture.Cancellation);
        var waiting = journal.ReadAsync(connection => connection.Scalar<long>("SELECT count(*) FROM history"), HostFixture.Cancellation);

        Assert.NotSame(closing, await Task.WhenAny(closing, Task.Delay(200, HostFixture.Cancellation)));
        goOn.Set();

        Assert.Equal(0, await working);
        await closing.WaitAsync(HostFixture.Bound, HostFixture.Cancellation);
        // It was before or after the end; in neither case it waits for ever.
        var outcome = await Record.ExceptionAsync(() => waiting.WaitAsync(HostFixture.Bound, HostFixture.Cancellation));
        Assert.True(outcome is null or ObjectDisposedException, $"{outcome}");
        await Assert.ThrowsAsync<ObjectDisposedException>(() => journal.ReadAsync(_ => 0, HostFixture.Cancellation));
        journal.Dispose();
    }

    [Fact]
    public async Task A_full_disk_stops_the_task_which_goes_on_when_there_is_space()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && geteuid() == 0, "Mounting a small file system takes root.");
        using var folder = new TemporaryFolder();
        Assert.SkipUnless(await RunAsync("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder.Root) == 0, "This machine lets nobody mount.");
        try
        {
            await using var fixture = new HostFixture(folder["state"]);
            fixture.Activities.On("A", (_, _, _) => Task.FromResult<object>(new string('x', 3_000_000)));
            fixture.Workflow = async (context, spec) => Specs.Completed(spec, $"{(await context.CallActivityAsync<string>("A", 1)).Length}");
            var host = fixture.Open();
            await HostFixture.StartAsync(host, Specs.Of("t"));

            var failure = (await Assert.ThrowsAsync<FailureException>(() => HostFixture.WaitAsync(host, "t"))).Failure;

            Assert.Equal(FailureCodes.DiskFull, failure.Code);
            Assert.Contains("nothing is lost", failure.Message, StringComparison.Ordinal);
            Assert.Equal(0, await RunAsync("mount", "-o", "remount,size=64m", folder.Root));
            Assert.Equal(ResumeKind.Resumed, (await host.ResumeAsync("t", HostFixture.Cancellation)).Kind);
            Assert.Equal("3000000", (await HostFixture.WaitAsync(host, "t")).Result!.Summary);
        }
        finally
        {
            await RunAsync("umount", "-l", folder.Root);
        }
    }

    [Fact]
    public async Task A_disk_that_is_full_when_the_journal_is_made_says_so()
    {
        Assert.SkipUnless(File.Exists("/dev/full") && geteuid() == 0, "Mounting a small file system takes root.");
        using var folder = new TemporaryFolder();
        Assert.SkipUnless(await RunAsync("mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", folder.Root) == 0, "This machine lets nobody mount.");
        try
        {
            var failure = Assert.Throws<FailureException>(() => TaskJournal.Open(folder["state"], TimeProvider.System)).Failure;
            Assert.Equal(FailureCodes.DiskFull, failure.Code);
        }
        finally
        {
            await RunAsync("umount", "-l", folder.Root);
        }
    }

    [DllImport("libc")]
    private static extern uint geteuid();

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync(HostFixture.Cancellation);
        return process.ExitCode;
    }
}
