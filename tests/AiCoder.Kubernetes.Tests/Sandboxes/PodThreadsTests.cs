using AiCoder.Kubernetes.Sandboxes;

namespace AiCoder.Kubernetes.Tests.Sandboxes;

/// <summary>What counts as a pod in which nothing runs.</summary>
public sealed class PodThreadsTests
{
    private const string First = "Tgid:\t1\nPid:\t1\nPPid:\t0\nState:\tS (sleeping)\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t1\n";
    private const string Ours = "Tgid:\t50\nPid:\t50\nPPid:\t0\nState:\tS (sleeping)\nvoluntary_ctxt_switches:\t3\nnonvoluntary_ctxt_switches:\t0\nTgid:\t51\nPid:\t51\nPPid:\t50\nState:\tR (running)\nvoluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t2\n";

    [Fact]
    public void It_is_still_where_all_is_stopped_and_both_looks_agree()
    {
        var look = First + Other("T (stopped)", 40) + Ours;

        Assert.Equal(new Dictionary<int, long> { [1] = 8, [21] = 42 }, PodThreads.ReadStill(Said(look, look)));
    }

    [Theory]
    [InlineData("R (running)", 40, 40)]
    [InlineData("S (sleeping)", 40, 40)]
    [InlineData("D (disk sleep)", 40, 40)]
    [InlineData("T (stopped)", 40, 41)]
    public void It_is_not_where_something_runs_or_ran_in_between(string state, int before, int after) =>
        Assert.Null(PodThreads.ReadStill(Said(First + Other(state, before) + Ours, First + Other(state, after) + Ours)));

    [Fact]
    public void It_is_not_where_the_first_process_runs_or_another_was_born()
    {
        Assert.Null(PodThreads.ReadStill(Said(First.Replace("S (sleeping)", "R (running)", StringComparison.Ordinal), First)));
        Assert.Null(PodThreads.ReadStill(Said(First, First + Other("T (stopped)", 1))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("self 50\nlook\nlook\nend\n")]
    [InlineData("self 50\nlook\n" + First + "look\n" + First)]
    [InlineData("look\n" + First + "look\n" + First + "end\n")]
    public void It_is_not_known_where_the_looks_are_not_whole(string said) => Assert.Null(PodThreads.ReadStill(said));

    private static string Said(string first, string second) => $"self 50\nlook\n{first}look\n{second}end\n";

    private static string Other(string state, int switches) =>
        $"Tgid:\t20\nPid:\t21\nPPid:\t1\nState:\t{state}\nvoluntary_ctxt_switches:\t{switches}\nnonvoluntary_ctxt_switches:\t2\n";
}
