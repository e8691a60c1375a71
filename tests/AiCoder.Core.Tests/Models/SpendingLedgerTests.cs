using System.Globalization;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Core.Tasks;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Models;

public sealed class SpendingLedgerTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
    private readonly TemporaryFolder _folder = new();
    private readonly SetTime _time = new() { Now = Noon };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Processes_that_share_the_folder_see_what_each_spent_within_seconds()
    {
        var (one, other) = (NewProcess(), NewProcess());
        Assert.Equal(0, (await one.SumAsync(Cancel)).Tokens);

        await one.AddAsync(Spent(100, 20, 0.5m));
        await other.AddAsync(Spent(1, 2, 0.25m));
        await other.AddAsync(Spent(3, 4, null));
        _time.Now += TimeSpan.FromSeconds(5);

        var (first, second) = (await one.SumAsync(Cancel), await other.SumAsync(Cancel));
        Assert.Equal((130, 0.75m), (first.Tokens, first.CostUsd));
        Assert.Equal((130, 0.75m), (second.Tokens, second.CostUsd));
        Assert.Equal(2, Files().Length);
    }

    [Fact]
    public async Task What_a_process_spent_itself_is_known_to_it_at_once()
    {
        var ledger = NewProcess();
        await ledger.SumAsync(Cancel);

        await ledger.AddAsync(Spent(10, 1, null));

        Assert.Equal(11, (await ledger.SumAsync(Cancel)).Tokens);
    }

    [Fact]
    public async Task What_a_process_spent_that_was_killed_still_counts()
    {
        await NewProcess().AddAsync(Spent(10, 1, 1));
        // A write that a kill cut short.
        await File.WriteAllTextAsync(Files()[0] + ".0.tmp", "{\"usa", Cancel);

        Assert.Equal(11, (await NewProcess().SumAsync(Cancel)).Tokens);
    }

    [Fact]
    public async Task Answers_that_come_at_once_are_all_counted()
    {
        var ledger = NewProcess();

        await Parallel.ForAsync(0, 200, Cancel, async (_, _) => await ledger.AddAsync(Spent(1, 1, 0.01m)));

        var elsewhere = await NewProcess().SumAsync(Cancel);
        Assert.Equal((400, 2m), (elsewhere.Tokens, elsewhere.CostUsd));
        Assert.Single(Files());
    }

    [Fact]
    public async Task At_midnight_utc_it_begins_anew_and_yesterday_stays_as_it_was()
    {
        var ledger = NewProcess();
        await ledger.AddAsync(Spent(10, 1, 1));
        _time.Now = Noon.Date.AddDays(1).AddSeconds(-1);
        Assert.Equal(11, (await ledger.SumAsync(Cancel)).Tokens);

        _time.Now += TimeSpan.FromSeconds(1);

        var sum = await ledger.SumAsync(Cancel);
        Assert.Equal((new DateOnly(2026, 5, 5), 0, 0m), (sum.Day, sum.Tokens, sum.CostUsd));
        await ledger.AddAsync(Spent(5, 0, 0));
        Assert.Equal(5, (await NewProcess().SumAsync(Cancel)).Tokens);
        Assert.Equal(["2026-05-04", "2026-05-05"], Days());
    }

    [Fact]
    public async Task Days_older_than_the_retention_are_removed_and_nothing_else_is()
    {
        var root = _folder["workspace", ".usage"];
        foreach (var name in new[] { "2026-04-20", "2026-04-26", "2026-04-27", "notes" })
            Directory.CreateDirectory(Path.Combine(root, name));
        await File.WriteAllTextAsync(Path.Combine(root, "2026-04-20", "x.json"), "{}", Cancel);

        await NewProcess().AddAsync(Spent(1, 1, 1));

        Assert.Equal(["2026-04-27", "2026-05-04", "notes"], Days());
    }

    [Fact]
    public async Task An_older_state_that_a_share_shows_lowers_nothing()
    {
        var (one, other) = (NewProcess(), NewProcess());
        await other.AddAsync(Spent(10, 0, 1));
        var before = await File.ReadAllBytesAsync(Files()[0], Cancel);
        await other.AddAsync(Spent(10, 0, 1));
        Assert.Equal(20, (await one.SumAsync(Cancel)).Tokens);

        await File.WriteAllBytesAsync(Files()[0], before, Cancel);
        _time.Now += TimeSpan.FromSeconds(5);

        Assert.Equal((20, 2m), (await one.SumAsync(Cancel)) is var sum ? (sum.Tokens, sum.CostUsd) : default);
    }

    [Fact]
    public async Task What_another_process_writes_later_is_read_however_long_it_was_silent()
    {
        var (one, other) = (NewProcess(), NewProcess());
        await other.AddAsync(Spent(10, 0, 1));
        File.SetLastWriteTimeUtc(Files()[0], Noon.UtcDateTime);
        Assert.Equal(10, (await one.SumAsync(Cancel)).Tokens);
        _time.Now += TimeSpan.FromHours(1);
        Assert.Equal(10, (await one.SumAsync(Cancel)).Tokens);

        await other.AddAsync(Spent(5, 0, 1));
        _time.Now += TimeSpan.FromSeconds(5);

        Assert.Equal(15, (await one.SumAsync(Cancel)).Tokens);
    }

    [Fact]
    public async Task A_folder_that_can_not_be_written_loses_no_answer_and_the_next_look_is_a_failure_that_passes()
    {
        Directory.CreateDirectory(_folder["workspace"]);
        await File.WriteAllTextAsync(_folder["workspace", ".usage"], "in the way", Cancel);
        var ledger = NewProcess();

        await ledger.AddAsync(Spent(10, 0, 1));

        var failure = (await Assert.ThrowsAsync<FailureException>(() => ledger.SumAsync(Cancel))).Failure;
        Assert.Equal((FailureCodes.StorageUnavailable, true), (failure.Code, failure.Retryable));
        File.Delete(_folder["workspace", ".usage"]);
        Assert.Equal(10, (await ledger.SumAsync(Cancel)).Tokens);
        Assert.Equal(10, (await NewProcess().SumAsync(Cancel)).Tokens);
    }

    [Fact]
    public async Task A_damaged_file_is_a_failure_that_names_it()
    {
        await NewProcess().AddAsync(Spent(10, 0, 1));
        await File.WriteAllTextAsync(Files()[0], "{", Cancel);

        var failure = (await Assert.ThrowsAsync<FailureException>(() => NewProcess().SumAsync(Cancel))).Failure;

        Assert.Equal(FailureCodes.StorageUnavailable, failure.Code);
        Assert.Contains(Path.GetFileName(Files()[0]), failure.Message, StringComparison.Ordinal);
    }

    // A new ledger is what a new process, or one on another machine, has.
    private SpendingLedger NewProcess() =>
        new(new AiCoderOptions { WorkspaceDir = _folder["workspace"], StateDir = _folder["state"], RetentionDays = 7 }, _time);

    private string[] Files() => Directory.GetFiles(_folder["workspace", ".usage", _time.Now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)], "*.json");

    private IEnumerable<string?> Days() => Directory.GetDirectories(_folder["workspace", ".usage"]).Select(Path.GetFileName).Order();

    private static Usage Spent(long input, long output, decimal? cost) => new() { Turns = 1, InputTokens = input, OutputTokens = output, CostUsd = cost };

    private sealed class SetTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Now.Ticks;
    }
}
