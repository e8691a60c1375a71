using AiCoder.Cli.Tests.Infrastructure;
using AiCoder.Demo;
using AiCoder.Testing;
using AiCoder.Testing.Processes;
using AiCoder.Testing.Tasks;

namespace AiCoder.Cli.Tests.Qwen;

/// <summary>Kills, interruptions and cancels while the real Qwen Code works.</summary>
public sealed class QwenResumeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_kill_loses_nothing_the_next_start_is_told_what_was_done_and_repeats_one_call_at_most()
    {
        var hold = new Hold();
        await using var world = await HeldAtTurnAsync(2, hold);
        using (var first = world.Start(Request(world)))
        {
            await hold.Reached.WaitAsync(Cancel);
            first.Signal(AiCoderProcess.SigKill);
            await first.EndAsync(Cancel);
        }

        var before = world.Model.Requests.Count;
        // The edit is there: what is left is to test it.
        hold.Release();
        var resumed = await world.RunAsync("resume", "killed");

        Assert.True(resumed.ExitCode == 0, resumed.Error + resumed.Output);
        Assert.Equal(1, world.PushesOf("ai/killed"));
        Assert.Contains("-ge 100", await world.GitAsync("show", "ai/killed:price.sh"), StringComparison.Ordinal);
        var again = world.Model.Requests[before];
        Assert.Equal(0, again.Turn);
        Assert.Contains(world.Project.Intent, again.AllText, StringComparison.Ordinal);
        Assert.Contains("- edit ", again.AllText, StringComparison.Ordinal);
        Assert.Contains("modified: price.sh", again.AllText, StringComparison.Ordinal);
        // A plan, two turns and the one in flight; then what is left.
        Assert.Equal(4, before);
        Assert.Equal(world.Model.Requests.Count - 1, (int?)resumed.Result["usage"]!["turns"]);
    }

    [Fact]
    public async Task A_stop_ends_the_agent_at_its_next_question_and_the_task_goes_on()
    {
        var hold = new Hold();
        await using var world = await HeldAtTurnAsync(1, hold);
        using (var first = world.Start(Request(world)))
        {
            await hold.Reached.WaitAsync(Cancel);
            first.Signal(AiCoderProcess.SigTerm);
            Assert.Equal(130, (await first.EndAsync(Cancel)).ExitCode);
        }

        hold.Release();
        var resumed = await world.RunAsync("resume", "killed");

        Assert.True(resumed.ExitCode == 0, resumed.Error + resumed.Output);
        Assert.Equal(1, world.PushesOf("ai/killed"));
    }

    [Fact]
    public async Task A_cancel_ends_everything_that_the_agent_has_started()
    {
        // Found among all processes of the machine by a name that no other test has.
        var mark = $"{Random.Shared.Next(100_000, 999_999)}.25";
        await using var world = await QwenEngineTests.CreateAsync(QwenScript.For(DemoProject.Shell, turn => turn == 0 ? QwenScript.Shell($"echo started; sleep {mark}") : null));
        using var running = world.Start(Request(world));
        await WaitForAsync(() => IsRunning(mark));

        Assert.Equal(0, (await world.RunAsync("cancel", "killed")).ExitCode);
        var run = await running.EndAsync(Cancel);

        Assert.Equal("cancelled", (string?)run.Result["status"]);
        Assert.False(IsRunning(mark));
        Assert.Null(await world.HeadOfAsync("ai/killed"));
    }

    [Fact]
    public async Task A_message_of_a_person_reaches_the_agent_at_its_next_question_and_stays_in_the_conversation()
    {
        var hold = new Hold();
        await using var world = await HeldAtTurnAsync(0, hold);
        using var running = world.Start(Request(world));
        await hold.Reached.WaitAsync(Cancel);

        Assert.Equal(0, (await world.RunAsync("message", "killed", "Mind the tax, please.")).ExitCode);
        hold.Release();
        var run = await running.EndAsync(Cancel);

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        var questions = world.Model.Requests.Where(QwenScript.IsQwen).ToList();
        Assert.DoesNotContain("tax", questions[0].AllText, StringComparison.Ordinal);
        Assert.All(questions.Skip(1), question => Assert.Contains("Mind the tax, please.", question.AllText, StringComparison.Ordinal));
        Assert.All(questions.Skip(1), question => Assert.Equal(questions[1].Messages.ToList().FindIndex(IsIt), question.Messages.ToList().FindIndex(IsIt)));

        static bool IsIt(System.Text.Json.Nodes.JsonObject message) => ScriptedRequest.TextOf(message).Contains("Mind the tax", StringComparison.Ordinal);
    }

    private static string Request(TaskWorld world) => world.Request("killed", new { engine = "qwen" });

    private static Task<TaskWorld> HeldAtTurnAsync(int turn, Hold hold) => QwenEngineTests.CreateAsync(request =>
    {
        // After a new start, the conversation is a new one: what it says was done decides.
        var done = request.AllText.Contains("What was done so far", StringComparison.Ordinal) && QwenScript.IsQwen(request) ? 2 : 0;
        var reply = QwenScript.IsQwen(request)
            ? QwenScript.Code(DemoProject.Shell, request.AllText.Contains("modified: price.sh", StringComparison.Ordinal) ? request.Turn + done : request.Turn)
            : DemoScript.For(DemoProject.Shell)(request);
        return QwenScript.IsQwen(request) && request.Turn == turn ? reply with { Gate = hold.WaitAsync() } : reply;
    });

    private static bool IsRunning(string mark) => ProcessList.Has("sleep", mark);

    private static async Task WaitForAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(50, Cancel);
    }
}
