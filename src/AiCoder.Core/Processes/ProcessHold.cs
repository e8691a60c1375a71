using AiCoder.Core.Failures;

namespace AiCoder.Core.Processes;

/// <summary>
/// Keeps everything that a run started still while somebody looks at, or changes, what it could change too. Goes with one run.
/// </summary>
public sealed class ProcessHold(TimeProvider time)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(2);

    // Who starts a program waits in the kernel until that has begun, and is seen to run until then: for ever, where the new process
    // was stopped before it came that far. So what can't be stopped is let go now and then.
    private static readonly TimeSpan Try = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(20);

    private IStoppable? _run;

    /// <summary>Does something while nothing of the run runs.</summary>
    /// <exception cref="FailureException">
    /// <c>sandbox_unavailable</c>: it can't be kept still, or did not stay so; <c>reset</c>: where it runs does not answer.
    /// </exception>
    public async Task<T> WhileStillAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        var run = _run ?? throw Restless("This sandbox can't keep what runs in it still");
        T result;
        try
        {
            var still = await StopAsync(run, cancellationToken).ConfigureAwait(false);
            result = await work().ConfigureAwait(false);
            // A stopped process can have itself woken, by a timer say: what was seen and done meanwhile can't be trusted then.
            if (await run.HaltAsync(cancellationToken).ConfigureAwait(false) is not { } after || !ThreadLooks.AreSame(still, after))
                throw Restless("What runs in the sandbox went on although it was stopped");
        }
        catch
        {
            // Why it failed is to be known, and not that the letting go failed as well.
            await run.ContinueAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        await run.ContinueAsync().ConfigureAwait(false);
        return result;
    }

    internal void Follow(IStoppable run) => _run = run;

    private async Task<IReadOnlyDictionary<int, long>> StopAsync(IStoppable run, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var tried = began;
        while (true)
        {
            // One that was born between a look and the stop of its parent is seen by the next look.
            if (await run.HaltAsync(cancellationToken).ConfigureAwait(false) is { } still)
                return still;
            if (time.GetElapsedTime(began) > Bound)
                throw Restless("What runs in the sandbox can't be stopped");
            await Task.Delay(Poll, time, cancellationToken).ConfigureAwait(false);
            if (time.GetElapsedTime(tried) <= Try)
                continue;
            await run.ContinueAsync().ConfigureAwait(false);
            await Task.Delay(Breath, time, cancellationToken).ConfigureAwait(false);
            tried = time.GetTimestamp();
        }
    }

    private static FailureException Restless(string what) => new(
        FailureCodes.SandboxUnavailable, $"{what}, so the work tree could not be looked at safely. Nothing was pushed. Start the task anew; where it happens again, use the engine 'openai'.");
}
