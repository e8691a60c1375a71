using System.Collections.Concurrent;
using System.Diagnostics;

namespace AiCoder.Core.Processes;

/// <summary>
/// Starts every process from one thread that never ends. A child's parent-death signal (<c>bwrap --die-with-parent</c>,
/// prctl(2) PR_SET_PDEATHSIG) fires when the thread that started it ends, and threads of the pool end when they are idle.
/// </summary>
internal static class ProcessStarter
{
    private static readonly BlockingCollection<(Process Process, bool Marked, TaskCompletionSource<ProcessTree> Started)> Waiting = [];

    static ProcessStarter() => new Thread(Serve) { IsBackground = true, Name = "Process starter" }.Start();

    public static Task<ProcessTree> StartAsync(Process process, bool marked)
    {
        var started = new TaskCompletionSource<ProcessTree>(TaskCreationOptions.RunContinuationsAsynchronously);
        Waiting.Add((process, marked, started));
        return started.Task;
    }

    private static void Serve()
    {
        foreach (var (process, marked, started) in Waiting.GetConsumingEnumerable())
        {
            try
            {
                started.SetResult(ProcessTree.Start(process, marked));
            }
            catch (Exception exception)
            {
                // Whoever waits for the start gets it.
                started.SetException(exception);
            }
        }
    }
}
