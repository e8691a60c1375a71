using System.Runtime.InteropServices;

namespace AiCoder.Cli;

/// <summary>
/// Ctrl-C and its kin. The first asks to stop: the task ends at its next safe point and can be resumed. The second ends the
/// process at once, which loses no more than a kill would.
/// </summary>
internal sealed class Interruption : IDisposable
{
    /// <summary>How long a graceful stop may take before the process ends all the same.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _requested = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action<string> _say;

    /// <param name="say">Tells the person at the keyboard what happens.</param>
    public Interruption(Action<string> say)
    {
        _say = say;
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal));
        if (!IgnoresHangup())
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal));
    }

    /// <summary>Fires on the first signal.</summary>
    public CancellationToken Requested => _requested.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _requested.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_requested.IsCancellationRequested)
            Environment.Exit(ExitCodes.Interrupted);
        _say("Stopping; once more to stop at once.");
        _requested.Cancel();
    }

    // Under nohup a hangup is ignored, and a handler of ours would undo that.
    private static bool IgnoresHangup()
    {
        const string status = "/proc/self/status";
        const string field = "SigIgn:";
        if (!File.Exists(status))
            return false;
        var line = File.ReadLines(status).FirstOrDefault(candidate => candidate.StartsWith(field, StringComparison.Ordinal));
        return line is not null && (Convert.ToUInt64(line[field.Length..].Trim(), 16) & 1) != 0;
    }
}
