using System.Runtime.InteropServices;

namespace AiCoder.Core.Processes;

/// <summary>The system calls that .NET has no name for (Linux).</summary>
internal static class NativeProcess
{
    public const int SigKill = 9;
    private const int SigContinue = 18;
    private const int SigStop = 19;
    private const int PrSetChildSubreaper = 36;
    private const int WaitNoHang = 1;

    /// <summary>
    /// From now on descendants whose parents end become children of this process instead of init's, so that none escapes.
    /// </summary>
    public static void BecomeSubreaper() => _ = Control(PrSetChildSubreaper, 1, 0, 0, 0);

    /// <summary>Sends SIGKILL; a process that is gone already is no error.</summary>
    public static void Kill(int pid) => _ = SendSignal(pid, SigKill);

    /// <summary>Sends SIGSTOP, which no process can hinder.</summary>
    public static void Stop(int pid) => _ = SendSignal(pid, SigStop);

    /// <summary>Sends SIGCONT.</summary>
    public static void Continue(int pid) => _ = SendSignal(pid, SigContinue);

    /// <summary>Sends SIGKILL to every process of a group at once.</summary>
    public static void KillGroup(int group) => _ = SendSignal(-group, SigKill);

    /// <summary>Takes a dead child of ours off the process table. Does nothing while it lives.</summary>
    public static void Reap(int pid) => _ = WaitFor(pid, IntPtr.Zero, WaitNoHang);

    [DllImport("libc", EntryPoint = "prctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int pid, int signal);

    [DllImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int WaitFor(int pid, IntPtr status, int options);
}
