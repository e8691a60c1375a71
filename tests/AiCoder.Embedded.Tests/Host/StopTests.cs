using AiCoder.Core.Tasks;
using AiCoder.Embedded.Journal;

namespace AiCoder.Embedded.Tests.Host;

public sealed class StopTests
{
    [Fact]
    public async Task A_stop_records_the_answers_that_have_come_and_the_next_host_asks_for_the_rest_alone()
    {
        await using var fixture = new HostFixture();
        var (firstIsRecorded, secondHasAnswered) = (new TaskCompletionSource(), new TaskCompletionSource());
        // Ends at its safe point: when it is asked to stop.
        fixture.Activities.On("first", async (_, context, stop) =>
        {
            var asked = new TaskCompletionSource();
            await using (context.Stopping.Register(asked.SetResult))
                await asked.Task.WaitAsync(HostFixture.Bound, stop);
            return "1";
        });
        fixture.Activities.On("second", async (_, _, stop) =>
        {
            await firstIsRecorded.Task.WaitAsync(HostFixture.Bound, stop);
            secondHasAnswered.SetResult();
            return "2";
        });
        fixture.Workflow = async (context, spec) =>
        {
            var answers = await Task.WhenAll(context.CallActivityAsync<string>("first", 1), context.CallActivityAsync<string>("second", 1));
            return Specs.Completed(spec, $"{string.Concat(answers)} {await context.CallActivityAsync<string>("third", 1)}");
        };
        var host = fixture.Open(recorded: kind =>
        {
            if (kind != nameof(HistoryEventKind.ActivityCompleted) || !firstIsRecorded.TrySetResult())
                return;
            // Holds the runner until nothing runs any more and the second answer waits in its channel. Where this moment is too short for
            // that, the runner waits for the answer, and it is recorded all the same.
            secondHasAnswered.Task.Wait(HostFixture.Bound);
            Thread.Sleep(50);
        });
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await Eventually.IsTrueAsync(() => fixture.Activities.Calls.Count == 2, "both activities run");

        await host.StopAsync(HostFixture.Bound);

        Assert.Empty(fixture.Log.With("Error:"));
        Assert.Equal(2, (await host.GetHistoryAsync("t", HostFixture.Cancellation)).Count(recorded => recorded.Kind == HistoryEventKind.ActivityCompleted));
        Assert.Equal(2, fixture.Activities.Calls.Count);
        var next = fixture.Open();
        Assert.Single(await next.ResumeAllAsync(HostFixture.Cancellation));
        var record = await HostFixture.WaitAsync(next, "t");
        Assert.Equal((TaskState.Completed, "12 third"), (record.State, record.Result!.Summary));
        Assert.Equal(["t first 1", "t second 1", "t third 1"], fixture.Activities.Calls.Order());
        Assert.Empty(fixture.Log.With("Error:"));
    }
}
