using AiCoder.Core.Activities;
using AiCoder.Core.Agent;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Demo;
using static AiCoder.Core.Tests.Agent.AgentFixture;

namespace AiCoder.Core.Tests.Agent.Misbehaviour;

/// <summary>
/// Every entry of the tables through the real coding activity: the model behind a socket, the tools in bubblewrap, the snapshots in git.
/// </summary>
public sealed class MisbehaviourSuite(SmallRemote remote) : IClassFixture<SmallRemote>
{
    private const int Least = 60;

    private static readonly Dictionary<string, Misbehaviour> All = ArgumentMisbehaviours.All
        .Concat(ToolNameMisbehaviours.All)
        .Concat(AnswerMisbehaviours.All)
        .Concat(EditMisbehaviours.All)
        .Concat(EndpointMisbehaviours.All)
        .Concat(StreamMisbehaviours.All)
        .Concat(TextMisbehaviours.All)
        .ToDictionary(misbehaviour => misbehaviour.Name);

    public static TheoryData<string> Names => [.. All.Keys];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void There_are_enough_of_them() => Assert.InRange(All.Count, Least, int.MaxValue);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_has_the_outcome_that_it_must_have(string name)
    {
        var misbehaviour = All[name];
        await using var agent = await CreateAsync(sandbox: SandboxKind.Bubblewrap, remote: remote.Path);
        agent.Configure(options => options with { ToolCalls = misbehaviour.ToolCalls });
        agent.Timeouts = misbehaviour.Timeouts ?? agent.Timeouts;
        agent.Bounds = new() { Turns = 30 };
        if (misbehaviour.Endpoint is { } endpoint)
            agent.Script(endpoint);
        else
            agent.Script(misbehaviour.Replies);

        var (output, passed) = await RunAsync(agent, misbehaviour.Passing.Count);

        var requests = agent.Model.Requests;
        Assert.Equal(misbehaviour.Ends, output.Failure?.Code ?? (output.Done ? Misbehaviour.Done : "not done"));
        Assert.Equal(misbehaviour.Passing, passed);
        Assert.Equal(misbehaviour.Requests, requests.Count);
        Assert.Equal(misbehaviour.Calc, await agent.ReadAsync(output.Tree, "src/calc.py"));
        foreach (var (path, content) in misbehaviour.Files)
            Assert.Equal((path, content), (path, (await agent.Workspace(output.Tree)).File(path) is { } file ? await File.ReadAllTextAsync(file, Cancel) : null));
        if (misbehaviour.Told is { } told)
            Assert.Contains(told, Newest(requests[misbehaviour.ToldIn - 1]), StringComparison.Ordinal);
        if (misbehaviour.Says is { } says)
            Assert.Contains(says, output.Failure!.Message, StringComparison.Ordinal);
        if (misbehaviour.NeverSaid is { } never)
            Assert.All(requests, request => Assert.DoesNotContain(never, request.Body.ToJsonString(AiCoderJson.Options), StringComparison.Ordinal));
        misbehaviour.Asked?.Invoke(requests);

        var answers = (await agent.TranscriptAsync()).OfType<AnswerEntry>().ToList();
        if (answers.Count > 0)
            Assert.Equal(misbehaviour.Form, answers[^1].Form);
        Assert.All(requests, IsWellFormed);
    }

    /// <summary>As the workflow runs it: a failure that passes is tried again. When as many have come as must, no timeout is short any more.</summary>
    private static async Task<(CodeOutput Output, IReadOnlyList<string> Passed)> RunAsync(AgentFixture agent, int expected)
    {
        var passed = new List<string>();
        while (true)
        {
            try
            {
                return (await agent.CodeAsync(), passed);
            }
            catch (FailureException failure) when (failure.Failure.Retryable && passed.Count < 10)
            {
                passed.Add(failure.Failure.Code);
                if (passed.Count == expected && agent.Timeouts != Patient)
                    agent.BePatient();
            }
            catch (FailureException failure)
            {
                return (new CodeOutput(false, agent.Source.Tree, [], null, Core.Tasks.Usage.Zero, [], failure.Failure), passed);
            }
        }
    }

    /// <summary>What the model was told since its last answer: the results of its calls, or a reminder.</summary>
    private static string Newest(ScriptedRequest request) => string.Join('\n', request.Messages
        .Reverse().TakeWhile(message => (string?)message["role"] != "assistant").Reverse().Select(ScriptedRequest.TextOf));

    /// <summary>Whatever a model wrote, what is sent back is what strict endpoints take.</summary>
    private static void IsWellFormed(ScriptedRequest request)
    {
        Assert.Subset(new HashSet<string> { "model", "stream", "stream_options", "messages", "tools" }, request.Body.Select(field => field.Key).ToHashSet());
        var open = new HashSet<string>();
        foreach (var message in request.Messages)
        {
            Assert.NotNull(message["content"]);
            if ((string?)message["role"] == "tool")
                Assert.True(open.Remove((string)message["tool_call_id"]!), "a result without its call");
            else
                Assert.Empty(open);
            foreach (var call in message["tool_calls"]?.AsArray() ?? [])
            {
                Assert.True(open.Add((string)call!["id"]!), "two calls with one id");
                Assert.IsType<System.Text.Json.Nodes.JsonObject>(System.Text.Json.Nodes.JsonNode.Parse((string)call["function"]!["arguments"]!));
            }
        }

        Assert.Empty(open);
    }
}
