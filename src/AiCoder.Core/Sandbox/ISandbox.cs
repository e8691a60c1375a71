using System.IO.Pipelines;
using AiCoder.Core.Processes;

namespace AiCoder.Core.Sandbox;

/// <summary>
/// Where every process runs that a repository or a model chose. Implementations guarantee: an environment without anything of ours, the
/// work tree and the command's home as the only places that are writable and kept, <c>.git</c> read-only, a process tree that is killed
/// whole, bounds on time, output, memory and processes. With SANDBOX=none the operator forgoes what is said of places.
/// </summary>
public interface ISandbox
{
    /// <summary>
    /// Reads how it is configured, which otherwise happens on first use: for who is about to run tasks and can still refuse. Sends nothing.
    /// </summary>
    /// <exception cref="Failures.FailureException"><c>system/configuration</c>: it can't be used as it is configured.</exception>
    void Open()
    {
    }

    /// <summary>Starts something harmless, to learn whether a command could run at all.</summary>
    /// <exception cref="Failures.FailureException"><c>system/sandbox_unavailable</c>, saying what to set.</exception>
    Task ProbeAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Whether commands run on another machine: of the service's files they can be shown only what lies in WORKSPACE_DIR, and none of
    /// its sockets.
    /// </summary>
    bool IsElsewhere => false;

    /// <summary>Where a path of the host that a command is shown stands for that command.</summary>
    string PathInside(string path);

    /// <summary>Runs a command to its end or its bound. Cancelling kills the whole tree.</summary>
    /// <exception cref="Failures.FailureException">The sandbox itself could not start.</exception>
    Task<CommandOutcome> RunAsync(SandboxCommand command, CancellationToken cancellationToken);

    /// <summary>
    /// A task has ended: gives up what is kept between its commands. Quick, and never throws for what could not be given up: that
    /// ends by itself later.
    /// </summary>
    /// <param name="folder">The task's folder, absolute; its work trees lie below.</param>
    /// <param name="cancellationToken">Ends the giving up.</param>
    Task ReleaseAsync(string folder, CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>A command for the sandbox.</summary>
public sealed record SandboxCommand
{
    /// <summary>Program and arguments; for a shell line <c>["/bin/sh", "-c", line]</c>.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The work tree, absolute: with <see cref="Home"/> the only place that is writable and kept.</summary>
    public required string WorkTree { get; init; }

    /// <summary>Where to start, relative to the work tree.</summary>
    public string Directory { get; init; } = ".";
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The container image to run in, where the sandbox runs images; null: the operator's or the language's.</summary>
    public string? Image { get; init; }

    /// <summary>What for, as spans and metrics call it; nothing else depends on it.</summary>
    public SandboxPurpose Purpose { get; init; } = SandboxPurpose.RunCommand;
    public bool Network { get; init; }

    /// <summary>
    /// A directory outside the work tree, absolute, that is the command's HOME and is kept between the task's commands (package
    /// caches); null: a fresh one.
    /// </summary>
    public string? Home { get; init; }

    /// <summary>Variables besides the sandbox's own PATH, HOME, LANG, TMPDIR.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Characters of output that are kept, half head and half tail.</summary>
    public int OutputLimit { get; init; } = 30_000;
    public long MemoryBytes { get; init; } = 4L << 30;
    public int MaxProcesses { get; init; } = 512;

    /// <summary>Called with output as it comes, for a person who watches; already bounded.</summary>
    public Action<string>? OnOutput { get; init; }

    /// <summary>
    /// Where standard output goes as it is, for a program whose output is read by one of ours; only standard error is then in
    /// <see cref="CommandOutcome.Output"/>. Null: both are, in the order they were written.
    /// </summary>
    public Stream? StandardOutput { get; init; }

    /// <summary>
    /// What it reads, beginning with its own first word on standard output; only where <see cref="ISandbox.IsElsewhere"/>. Null: nothing.
    /// </summary>
    public PipeReader? StandardInput { get; init; }

    /// <summary>For who looks at the work tree while the command runs: by it, everything of the command is kept still meanwhile.</summary>
    public ProcessHold? Hold { get; init; }

    /// <summary>Bytes of output after which the command is ended; kilobytes a second for minutes are normal.</summary>
    public long TotalOutputLimit { get; init; } = 32L << 20;

    /// <summary>
    /// Files and folders of the host, absolute, that the command may read where <see cref="ISandbox.PathInside"/> says, and sockets it may
    /// connect to.
    /// </summary>
    public IReadOnlyList<string> ReadOnlyPaths { get; init; } = [];

    /// <summary>
    /// Files and folders in the work tree, relative, that the command sees empty; those that are not there are passed over. Without
    /// a sandbox they stay visible.
    /// </summary>
    public IReadOnlyList<string> Masked { get; init; } = [];

    /// <summary>
    /// It writes nothing in the work tree, so nobody has to look there afterwards for what it left. Shown read-only where a sandbox can do
    /// that for one command alone.
    /// </summary>
    public bool WritesNothing { get; init; }
}

/// <summary>What a command in the sandbox is for.</summary>
public enum SandboxPurpose
{
    /// <summary>The model asked for it.</summary>
    RunCommand,

    /// <summary>Installs dependencies.</summary>
    Prepare,

    /// <summary>Looks whether files can be parsed, or built.</summary>
    Syntax,

    /// <summary>The project's tests.</summary>
    Test,

    /// <summary>Finds out which programs there are.</summary>
    Detect,

    /// <summary>An agent of somebody else's that does the coding.</summary>
    Engine,
}

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">Null where it was ended by a bound.</param>
/// <param name="Output">Standard output and error as they came, head and tail, redacted.</param>
/// <param name="Duration">From start to end.</param>
/// <param name="Ending">By itself, or by which bound.</param>
public sealed record CommandOutcome(int? ExitCode, string Output, TimeSpan Duration, CommandEnding Ending)
{
    public bool Succeeded => ExitCode == 0;
}

public enum CommandEnding
{
    Exited,
    TimedOut,
    OutOfMemory,
    TooManyProcesses,

    /// <summary>It went on printing far past the limit.</summary>
    TooMuchOutput,
}
