using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using CsCheck;

namespace AiCoder.Embedded.Tests.Replay;

/// <summary>One thing a random workflow does.</summary>
internal abstract record Operation;

/// <summary>Calls an activity.</summary>
internal sealed record Call(string Name, int Argument) : Operation;

/// <summary>Waits for a timer.</summary>
internal sealed record Sleep(int Milliseconds) : Operation;

/// <summary>Waits for an external event.</summary>
internal sealed record Await(string Event) : Operation;

/// <summary>Shows a custom status.</summary>
internal sealed record Show(int Value) : Operation;

/// <summary>Runs chains side by side and waits for all of them.</summary>
internal sealed record All(Operation[][] Chains) : Operation;

/// <summary>Runs chains side by side, waits for the first, and takes back the timers and waits of the others.</summary>
internal sealed record Any(Operation[][] Chains) : Operation;

/// <summary>Begins a chain and does not wait for it.</summary>
internal sealed record Fork(Operation[] Chain) : Operation;

/// <summary>Workflows of concurrent chains. What one returns is the order in which it saw its results.</summary>
internal static class RandomWorkflow
{
    private static readonly Gen<Operation> Leaf = Gen.Frequency(
        (6, Gen.Select(Gen.OneOf(Gen.Const("A"), Gen.Const("B"), Gen.Const("C")), Gen.Int[0, 3], (name, argument) => (Operation)new Call(name, argument))),
        (2, Gen.Int[0, 50].Select(value => (Operation)new Sleep(value))),
        (1, Gen.OneOf(Gen.Const("x"), Gen.Const("y")).Select(name => (Operation)new Await(name))),
        (1, Gen.Int[0, 3].Select(value => (Operation)new Show(value))));

    /// <summary>The chains that a workflow runs side by side.</summary>
    public static Gen<Operation[][]> Programs { get; } = Nest(Nest(Leaf)).Array[1, 3].Array[1, 3];

    public static Func<IWorkflowContext, TaskSpec, Task<TaskResult>> Of(Operation[][] program) => async (context, spec) =>
    {
        var log = new List<string>();
        await Task.WhenAll(program.Select(chain => RunAsync(context, chain, log, CancellationToken.None)));
        return Specs.Completed(spec, string.Join(' ', log));
    };

    private static Gen<Operation> Nest(Gen<Operation> inner) => Gen.Frequency(
        (6, inner),
        (1, inner.Array[1, 3].Array[1, 3].Select(chains => (Operation)new All(chains))),
        (1, inner.Array[1, 3].Array[1, 3].Select(chains => (Operation)new Any(chains))),
        (1, inner.Array[1, 2].Select(chain => (Operation)new Fork(chain))));

    private static async Task RunAsync(IWorkflowContext context, Operation[] chain, List<string> log, CancellationToken cancelled)
    {
        foreach (var operation in chain)
        {
            try
            {
                await RunAsync(context, operation, log, cancelled);
            }
            catch (OperationCanceledException)
            {
                log.Add($"cancelled:{operation.GetType().Name}");
                return;
            }
        }
    }

    private static async Task RunAsync(IWorkflowContext context, Operation operation, List<string> log, CancellationToken cancelled)
    {
        switch (operation)
        {
            case Call call:
                log.Add(await context.CallActivityAsync<string>(call.Name, call.Argument));
                break;
            case Sleep sleep:
                await context.CreateTimer(TimeSpan.FromMilliseconds(sleep.Milliseconds), cancelled);
                log.Add($"slept@{context.CurrentUtcDateTime:HH:mm:ss.fff}");
                break;
            case Await wait:
                log.Add(await context.WaitForExternalEvent<string>(wait.Event, cancelled));
                break;
            case Show show:
                context.SetCustomStatus(new { show.Value });
                break;
            case All all:
                await Task.WhenAll(all.Chains.Select(chain => RunAsync(context, chain, log, cancelled)));
                break;
            case Any any:
                using (var losers = CancellationTokenSource.CreateLinkedTokenSource(cancelled))
                {
                    var chains = any.Chains.Select(chain => RunAsync(context, chain, log, losers.Token)).ToList();
                    log.Add($"won:{chains.IndexOf(await Task.WhenAny(chains))}");
                    losers.Cancel();
                }

                break;
            case Fork fork:
                _ = RunAsync(context, fork.Chain, log, cancelled);
                break;
            default:
                throw new ArgumentException($"No operation {operation}.", nameof(operation));
        }
    }
}
