using System.Diagnostics;

namespace AiCoder.Core.Processes;

/// <summary>
/// A process that we started and all its descendants, those too that daemonised or took a session of their own.
/// <para>
/// Each command runs in its own session (setsid), and this process is the subreaper of its descendants (prctl(2)): whoever loses
/// its parent becomes our child and can be found. An orphan whose command is not known for sure (a new session, no mark in its
/// environment, several commands at once) belongs to the last of the commands that may have started it. So other code of this process must not start
/// children in sessions of their own that are to outlive the commands.
/// </para>
/// </summary>
internal sealed class ProcessTree : IStoppable
{
    private const string MarkVariable = "AICODER_COMMAND";

    // Between a start and its registration a new process would look like an orphan; so both, and every sweep, hold this lock.
    private static readonly Lock Gate = new();
    private static readonly Dictionary<int, ProcessTree> Active = [];

    // Children that .NET itself waits for; reaped by anyone else, their exit code would be lost.
    private static readonly HashSet<int> Roots = [];
    private static readonly int Self = Environment.ProcessId;
    private static readonly int OwnSession = ProcessTable.Read(Environment.ProcessId)?.Session ?? 0;

    private readonly int _root;
    private readonly string? _mark;
    private readonly long _started;
    private readonly HashSet<(int Pid, long Started)> _seen = [];
    private readonly HashSet<int> _sessions = [];

    static ProcessTree() => NativeProcess.BecomeSubreaper();

    private ProcessTree(int root, string? mark)
    {
        _root = root;
        _mark = mark;
        var entry = ProcessTable.Read(root);
        _started = entry?.Started ?? 0;
        if (entry is not null && entry.Session != OwnSession)
            _sessions.Add(entry.Session);
    }

    /// <summary>Starts the process and follows it from its first instant.</summary>
    public static ProcessTree Start(Process process, bool marked)
    {
        lock (Gate)
        {
            var mark = marked ? Guid.NewGuid().ToString("n") : null;
            if (mark is not null)
                process.StartInfo.Environment[MarkVariable] = mark;
            process.Start();
            var tree = new ProcessTree(process.Id, mark);
            // setsid(1) may not have come that far when we looked; the session it makes has the process's id.
            tree._sessions.Add(process.Id);
            Active[process.Id] = tree;
            Roots.Add(process.Id);
            return tree;
        }
    }

    /// <summary>How many live processes there are, and their memory; the second figure stays under <paramref name="enough"/> where cheap.</summary>
    public (int Processes, long MemoryBytes) Measure(long enough)
    {
        List<ProcessEntry> members;
        lock (Gate)
            members = Find(ProcessTable.Read());

        var memory = members.Sum(member => ProcessTable.AnonymousBytes(member.Pid));
        if (memory > enough)
        {
            // Forked processes share pages that were counted for each of them.
            memory = members.Sum(member => ProcessTable.ProportionalBytes(member.Pid) ?? ProcessTable.AnonymousBytes(member.Pid));
        }

        return (members.Count, memory);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<int, long>?> HaltAsync(CancellationToken cancellationToken) =>
        Task.FromResult(Halt() is { } first && Halt() is { } second && ThreadLooks.AreSame(first, second) ? second : (IReadOnlyDictionary<int, long>?)null);

    /// <inheritdoc/>
    public Task ContinueAsync()
    {
        lock (Gate)
        {
            foreach (var member in Find(ProcessTable.Read()))
                NativeProcess.Continue(member.Pid);
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// Kills what is alive now. True where nothing was, and then orphans of unknown origin are the others' from this instant on.
    /// </summary>
    public bool Kill()
    {
        lock (Gate)
        {
            var members = Find(ProcessTable.Read());
            // A group dies in one call, which a fork bomb cannot outrun.
            foreach (var group in members.Where(member => member.Session != OwnSession).Select(member => member.Group).Distinct())
                NativeProcess.KillGroup(group);
            foreach (var member in members)
                NativeProcess.Kill(member.Pid);
            if (members.Count == 0)
                Active.Remove(_root);
            return members.Count == 0;
        }
    }

    /// <summary>Follows the tree no longer. To be called when .NET has seen the end of the process.</summary>
    public void Release()
    {
        lock (Gate)
        {
            Active.Remove(_root);
            Roots.Remove(_root);
        }
    }

    /// <returns>Null where something still ran.</returns>
    private Dictionary<int, long>? Halt()
    {
        lock (Gate)
        {
            var switches = new Dictionary<int, long>();
            var running = false;
            foreach (var member in Find(ProcessTable.Read()))
            {
                foreach (var (thread, stopped, count) in ProcessTable.ThreadsOf(member.Pid))
                {
                    running |= !stopped;
                    switches[thread] = count;
                    if (!stopped)
                        NativeProcess.Stop(member.Pid);
                }
            }

            return running ? null : switches;
        }
    }

    private List<ProcessEntry> Find(Dictionary<int, ProcessEntry> table)
    {
        var children = table.Values.ToLookup(entry => entry.Parent);
        var found = new HashSet<int>();
        var waiting = new Queue<ProcessEntry>(table.Values.Where(entry => IsOwn(entry) || IsOrphanOfOurs(entry)));
        while (waiting.TryDequeue(out var entry))
        {
            if (entry.Pid == Self || !found.Add(entry.Pid))
                continue;

            _seen.Add((entry.Pid, entry.Started));
            if (entry.Session != OwnSession)
                _sessions.Add(entry.Session);
            foreach (var child in children[entry.Pid])
                waiting.Enqueue(child);
        }

        var members = found.Select(pid => table[pid]).ToList();
        foreach (var dead in members.Where(member => member.IsDead && member.Parent == Self && !Roots.Contains(member.Pid)))
            NativeProcess.Reap(dead.Pid);
        return [.. members.Where(member => !member.IsDead)];
    }

    private bool IsOwn(ProcessEntry entry) =>
        entry.Started >= _started
        && (entry.Pid == _root || _seen.Contains((entry.Pid, entry.Started)) || _sessions.Contains(entry.Session));

    private bool IsOrphanOfOurs(ProcessEntry entry)
    {
        if (entry.Parent != Self || entry.Session == OwnSession || entry.Started < _started || Roots.Contains(entry.Pid))
            return false;

        var environment = ProcessTable.EnvironmentOf(entry.Pid);
        bool Carries(ProcessTree tree) => tree._mark is not null && environment.Contains($"{MarkVariable}={tree._mark}", StringComparison.Ordinal);
        return Carries(this) || !Active.Values.Any(other => other != this && (Carries(other) || entry.Started >= other._started));
    }
}
