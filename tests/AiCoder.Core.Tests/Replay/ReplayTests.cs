using System.Text.Json.Nodes;
using AiCoder.Core.Agent;
using AiCoder.Core.Configuration;
using AiCoder.Core.Tests.Agent;
using AiCoder.Core.Tests.Validation;
using AiCoder.Demo;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Replay;

/// <summary>
/// Commits of real git histories, done again by a model that calls the tools over a socket: each must end in the very tree of the
/// commit, byte for byte and mode for mode.
/// </summary>
public sealed class ReplayTests
{
    [Theory]
    [InlineData("python")]
    [InlineData("node")]
    [InlineData("c#")]
    [InlineData("mixed forms")]
    public async Task Each_commit_of_a_sample_repository_ends_in_its_own_tree(string sample)
    {
        if (sample == "python")
            ValidationFixture.SkipWithout("python3");
        await ReplayAsync(
            sample switch
            {
                "python" => SampleHistories.Python(),
                "node" => SampleHistories.Node(),
                "c#" => SampleHistories.CSharp(),
                _ => SampleHistories.MixedForms(),
            },
            sample == "python" ? SandboxKind.Bubblewrap : SandboxKind.None,
            new Random(sample.Length));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Each_commit_of_a_generated_repository_ends_in_its_own_tree(int seed)
    {
        var random = new Random(seed);
        await ReplayAsync(GeneratedHistory.Make(random, commits: 8), SandboxKind.None, random);
    }

    private static async Task ReplayAsync(SampleHistory history, SandboxKind sandbox, Random random)
    {
        using var folder = new TemporaryFolder();
        var repository = folder["history.git"];
        await GitRepositoryBuilder.CreateEmptyAsync(repository);
        var commits = new List<string>();
        foreach (var (message, files) in history.Commits)
            commits.Add(await Builder(files).CommitAsync(repository, message));

        await using var agent = await AgentFixture.CreateAsync(Builder(history.Commits[0].Files), sandbox);
        var tree = agent.Source.Tree;
        Assert.Equal(await TreeAsync(repository, commits[0]), tree);
        for (var number = 1; number < commits.Count; number++)
        {
            var calls = await new CommitCalls(repository).OfAsync(commits[number - 1], commits[number]);
            Assert.NotEmpty(calls);
            agent.Script([.. Answers(calls, random)]);

            var output = await agent.CodeAsync(iteration: number, batch: 1, feedback: null, tree);

            var wrong = (await agent.TranscriptAsync()).OfType<ResultsEntry>().SelectMany(entry => entry.Results).Where(result => result.Error).Select(result => result.Text);
            Assert.True(output.Done, $"{history.Commits[number].Message}: {output.Failure?.Message} {string.Join('\n', wrong)}");
            Assert.Empty(wrong);
            Assert.True(
                await TreeAsync(repository, commits[number]) == output.Tree,
                $"{history.Commits[number].Message}: {await DifferenceAsync(agent, output.Tree, history.Commits[number].Files)}");
            tree = output.Tree;
        }
    }

    /// <summary>The calls spread over a few answers, as models do; the last ends with finish, alone or not.</summary>
    private static IEnumerable<ScriptedReply> Answers(IReadOnlyList<(string Tool, JsonObject Arguments)> calls, Random random)
    {
        var left = calls.Append(("finish", new JsonObject { ["summary"] = "done" })).ToList();
        while (left.Count > 0)
        {
            var count = Math.Min(random.Next(1, 6), left.Count);
            yield return ScriptedReply.Calls([.. left.Take(count)]);
            left.RemoveRange(0, count);
        }
    }

    private static GitRepositoryBuilder Builder(IReadOnlyDictionary<string, SampleHistory.Blob> files)
    {
        var builder = new GitRepositoryBuilder();
        foreach (var (path, file) in files)
            builder.With(path, file.Bytes, file.Mode);
        return builder;
    }

    private static Task<string> TreeAsync(string repository, string commit) => GitProgram.RunAsync(repository, "rev-parse", $"{commit}^{{tree}}");

    private static async Task<string> DifferenceAsync(AgentFixture agent, string tree, IReadOnlyDictionary<string, SampleHistory.Blob> files)
    {
        var lines = new List<string>();
        var workspace = await agent.Workspace(tree);
        foreach (var (path, file) in files.Where(file => file.Value.Mode != GitRepositoryBuilder.SymbolicLink))
        {
            var bytes = workspace.File(path) is { } found ? await File.ReadAllBytesAsync(found, TestContext.Current.CancellationToken) : [];
            if (!bytes.AsSpan().SequenceEqual(file.Bytes))
                lines.Add($"{path} ({file.Encoding}): {Convert.ToHexString(bytes)} is not {Convert.ToHexString(file.Bytes)}");
        }

        return lines.Count == 0 ? "modes, or files too many" : string.Join('\n', lines);
    }
}
