using AiCoder.Core.Failures;
using Microsoft.Extensions.Logging;

namespace AiCoder.Embedded.Runner;

/// <summary>
/// Runs the tasks this host has claimed: so many at once, the rest in order of arrival, but first those of the repository of
/// which the fewest run, so that a repository with many tasks does not hold up the others.
/// </summary>
internal sealed class TaskDispatcher(RunnerServices services, int maxConcurrent, Func<HostedTask, RunEnding, Task> afterRunAsync)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, HostedTask> _tasks = [];
    private readonly List<HostedTask> _waiting = [];
    private readonly List<HostedTask> _running = [];
    private bool _stopping;

    /// <summary>Every task that waits or runs here.</summary>
    public IReadOnlyList<HostedTask> Tasks
    {
        get
        {
            lock (_lock)
                return [.. _tasks.Values];
        }
    }

    public HostedTask? Find(string taskId)
    {
        lock (_lock)
            return _tasks.GetValueOrDefault(taskId);
    }

    /// <summary>Takes in a claimed task. False where the host is stopping; the claim is then the caller's to release.</summary>
    public bool Add(HostedTask task)
    {
        lock (_lock)
        {
            if (_stopping)
                return false;
            // One that this host lost or let go a moment ago may still be on its way out.
            _tasks[task.Claim.TaskId] = task;
            _waiting.Add(task);
            StartNext();
        }

        return true;
    }

    /// <summary>Takes a task out that still waits for its turn; null where it runs already or is not here.</summary>
    public HostedTask? TakeWaiting(string taskId)
    {
        lock (_lock)
        {
            if (!_tasks.TryGetValue(taskId, out var task) || !_waiting.Remove(task))
                return null;
            _tasks.Remove(taskId);
            return task;
        }
    }

    /// <summary>Lets every task end at its next safe point, and stops what has not by the bound. Nothing is begun any more.</summary>
    public async Task StopAsync(TimeSpan bound)
    {
        HostedTask[] waiting, running;
        lock (_lock)
        {
            _stopping = true;
            waiting = [.. _waiting];
            running = [.. _running];
            _waiting.Clear();
        }

        foreach (var task in waiting)
            Finish(task, new RunEnding(RunEndingKind.Stopped));
        if (bound > TimeSpan.Zero)
        {
            await Task.WhenAll(running.Select(task => task.Runner!.BeginStopAsync())).ConfigureAwait(false);
            await Task.WhenAny(Task.WhenAll(running.Select(task => task.Ending)), Task.Delay(bound, services.Time)).ConfigureAwait(false);
        }

        await Task.WhenAll(running.Where(task => !task.Ending.IsCompleted).Select(task => task.Runner!.StopAsync())).ConfigureAwait(false);
        await Task.WhenAll(running.Select(task => task.Ending)).ConfigureAwait(false);
    }

    private void StartNext()
    {
        while (!_stopping && _running.Count < maxConcurrent && _waiting.Count > 0)
        {
            var next = _waiting
                .OrderBy(task => _running.Count(other => other.Repository == task.Repository))
                .ThenBy(task => task.Claim.Task)
                .First();
            _waiting.Remove(next);
            _running.Add(next);
            next.Runner = new TaskRunner(services, next.Claim, next.Spec);
            _ = Task.Run(() => RunAsync(next, next.Runner));
        }
    }

    private async Task RunAsync(HostedTask task, TaskRunner runner)
    {
        RunEnding ending;
        try
        {
            ending = await runner.RunAsync().ConfigureAwait(false);
            await afterRunAsync(task, ending).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // A mistake of ours must not leave the caller waiting for ever; the journal still has the task.
            services.Logger.LogError(exception, "Task {TaskId} can't go on", task.Claim.TaskId);
            ending = new RunEnding(RunEndingKind.Faulted, Failure: FailureMapping.From(exception));
        }

        Finish(task, ending);
    }

    private void Finish(HostedTask task, RunEnding ending)
    {
        lock (_lock)
        {
            if (_tasks.GetValueOrDefault(task.Claim.TaskId) == task)
                _tasks.Remove(task.Claim.TaskId);
            _running.Remove(task);
            StartNext();
        }

        task.End(ending);
    }
}
