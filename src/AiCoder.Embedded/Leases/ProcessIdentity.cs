using System.Globalization;

namespace AiCoder.Embedded.Leases;

/// <summary>
/// Which process of which machine something belongs to. A process id alone is used again; together with the process's start
/// time, the machine's boot and the pid namespace (containers count from 1) it is not.
/// </summary>
/// <param name="Host">The machine's name, for people.</param>
/// <param name="Boot">The kernel's boot id; null where the platform has none, and then nobody is ever known to be dead.</param>
/// <param name="PidNamespace">The pid namespace's name.</param>
/// <param name="Pid">The process id in that namespace.</param>
/// <param name="Started">When the process began, in the kernel's ticks since boot.</param>
internal sealed record ProcessIdentity(string Host, string? Boot, string? PidNamespace, int Pid, long Started)
{
    /// <summary>This process.</summary>
    public static ProcessIdentity Current { get; } = new(
        Environment.MachineName,
        ReadBoot(),
        ReadPidNamespace(),
        Environment.ProcessId,
        ReadStat(Environment.ProcessId)?.Started ?? 0);

    /// <summary>
    /// True where that process certainly runs no more. False means only that this can't be seen from here: another machine, boot
    /// or container.
    /// </summary>
    public bool IsKnownDead =>
        Boot is not null && Boot == Current.Boot
        && PidNamespace is not null && PidNamespace == Current.PidNamespace
        && !IsRunning(Pid, Started);

    public override string ToString() => $"process {Pid} on {Host}";

    private static bool IsRunning(int pid, long started) =>
        ReadStat(pid) is { IsAlive: true } stat && stat.Started == started;

    private static string? ReadBoot() => ReadFile("/proc/sys/kernel/random/boot_id")?.Trim();

    private static string? ReadPidNamespace()
    {
        try
        {
            return File.ResolveLinkTarget("/proc/self/ns/pid", returnFinalTarget: false)?.Name;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // proc(5): "pid (name) state …", the start time is field 22. The name may hold spaces and parentheses.
    private static (bool IsAlive, long Started)? ReadStat(int pid)
    {
        var text = ReadFile(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
        if (text is null)
            return null;
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        // A killed process that its parent has not waited for yet is dead all the same.
        return (fields[0] is not ("Z" or "X" or "x"), long.Parse(fields[19], CultureInfo.InvariantCulture));
    }

    private static string? ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
