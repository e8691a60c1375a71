using System.Runtime.CompilerServices;
using AiCoder.Cli.Requests;
using AiCoder.Cli.Terminal;
using AiCoder.Core.Failures;
using AiCoder.Kubernetes.Clusters;
using AiCoder.Kubernetes.Runs;

namespace AiCoder.Cli.Commands;

/// <summary><c>k8s run</c>: <c>docker run</c> on a cluster. The one command that loads the Kubernetes client.</summary>
internal static class KubernetesRunCommand
{
    // Apart, so that nothing of Kubernetes is loaded before it is needed.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static async Task<int> RunAsync(CommandConsole console, Interruption interruption, KubernetesRunArguments arguments)
    {
        var stop = interruption.Requested;
        var request = await RequestAsync(console, arguments, stop);
        using var cluster = Cluster.Open(console.Variable, arguments.Context, arguments.Namespace, TimeProvider.System);
        void Say(string line) => console.Error.WriteLine(ProgressText.Printable(line));
        var run = new JobRun(cluster, request, console.OutBytes, Say, new RunBounds(), TimeProvider.System);
        return (await run.RunAsync(stop)).ExitCode;
    }

    private static async Task<RunRequest> RequestAsync(CommandConsole console, KubernetesRunArguments arguments, CancellationToken stop)
    {
        if (arguments is { NoWorkspace: true, WorkspaceMount: not null })
            throw Problem("--no-workspace and --workspace-mount exclude each other.");
        if (arguments is { AutoClean: true, Keep: true })
            throw Problem("--auto-clean and --keep exclude each other.");
        var request = new RunRequest
        {
            Image = arguments.Image,
            Arguments = arguments.Command,
            Entrypoint = arguments.Entrypoint,
            Environment = await EnvironmentVariables.ReadAsync(arguments.VariableFiles, arguments.Variables, console.Variable, stop),
            RequestCpu = arguments.RequestCpu,
            RequestMemory = arguments.RequestMemory,
            LimitCpu = arguments.LimitCpu,
            LimitMemory = arguments.LimitMemory,
            Workspace = arguments.NoWorkspace ? null : arguments.WorkspaceMount ?? RunRequest.DefaultWorkspace,
            ImagePullSecrets = arguments.ImagePullSecrets,
            ServiceAccount = arguments.ServiceAccount,
            Keep = arguments.Keep ?? !(arguments.AutoClean ?? true),
            Name = arguments.Name,
            Timeout = Duration("--timeout", arguments.Timeout),
            AllowRoot = arguments.AllowRoot,
        };
        if (Duration("--pending-timeout", arguments.PendingTimeout) is { } pending)
            request = request with { PendingTimeout = pending };
        request.Check(arguments.Namespace);
        return request;
    }

    private static TimeSpan? Duration(string option, string? text)
    {
        if (text is null)
            return null;
        return DurationText.Parse(text) ?? throw Problem($"{option} '{text}' is no duration; examples: 90 (seconds), 30m, 1h30m.");
    }

    private static FailureException Problem(string message) => new(FailureCodes.Configuration, message);
}
