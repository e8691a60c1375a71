using System.CommandLine;
using AiCoder.Cli.Terminal;

namespace AiCoder.Cli.Commands;

/// <summary>The arguments of <c>k8s run</c>. Names nothing of Kubernetes: other commands must not load it.</summary>
internal sealed class KubernetesRunOptions
{
    private readonly Argument<string> _image = new("image") { Description = "The image to run." };
    private readonly Argument<string[]> _command = new("command") { Description = "After '--': the arguments of the image's entry point, as with 'docker run'.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _namespace = Text("--namespace", "The namespace; default the context's.", "-n");
    private readonly Option<string[]> _env = List("--env", "NAME=VALUE, or NAME to take it from this environment; may come often. Values go into a Secret.", "-e");
    private readonly Option<string[]> _envFile = List("--env-file", "A file with a NAME=VALUE in each line; --env counts before it.");
    private readonly Option<string?> _entrypoint = Text("--entrypoint", "A program in place of the image's entry point.");
    private readonly Option<string?> _requestCpu = Text("--request-cpu", "The CPU asked for, like 500m.");
    private readonly Option<string?> _requestMemory = Text("--request-memory", "The memory asked for, like 512Mi.");
    private readonly Option<string?> _limitCpu = Text("--limit-cpu", "The most CPU, like 1.");
    private readonly Option<string?> _limitMemory = Text("--limit-memory", "The most memory, like 1Gi.");
    private readonly Option<string?> _workspaceMount = Text("--workspace-mount", "Where the empty workspace is mounted; default /workspace.");
    private readonly Option<bool> _noWorkspace = Flag("--no-workspace", "Mount no workspace.");
    private readonly Option<string[]> _imagePullSecret = List("--image-pull-secret", "A Secret with the registry's credentials; may come often.");
    private readonly Option<string?> _serviceAccount = Text("--service-account", "The pod's service account; without it the pod has no token.");
    private readonly Option<string?> _context = Text("--context", "The kubeconfig's context; default the current one, else the pod's service account.");
    private readonly Option<bool> _autoClean = Flag("--auto-clean", "Remove Job, pod and Secret at the end (the default).");
    private readonly Option<bool> _keep = Flag("--keep", "Leave them, and say how to remove them.");
    private readonly Option<string?> _name = Text("--name", "The Job's name; default a new one. The same command with the same name goes on with its Job.");
    private readonly Option<string?> _timeout = Text("--timeout", "How long it may take, like 90, 30m, 1h30m; default no limit.");
    private readonly Option<string?> _pendingTimeout = Text("--pending-timeout", "How long the pod may wait for a node; default 5m.");
    private readonly Option<bool> _allowRoot = Flag("--allow-root", "Run an image that starts as root, too.");

    public static Command Command(CommandConsole console, Interruption interruption)
    {
        var options = new KubernetesRunOptions();
        var run = new Command(
            "run",
            "Runs an image as a Job on a Kubernetes cluster, as 'docker run' would: prints its log, ends with its exit code, removes everything.\n\n"
            + "Example: aicoder k8s run -n ai-coder -e SANDBOX=none -e OPENAI_API_KEY -e REPO_URL=… -e TASK_INTENT=… registry.example.com/ai-coder:1.0\n"
            + "SANDBOX=none, because the pod is the isolation: bubblewrap can't start in it.")
        {
            options._image, options._command, options._namespace, options._env, options._envFile, options._entrypoint,
            options._requestCpu, options._requestMemory, options._limitCpu, options._limitMemory, options._workspaceMount,
            options._noWorkspace, options._imagePullSecret, options._serviceAccount, options._context, options._autoClean, options._keep,
            options._name, options._timeout, options._pendingTimeout, options._allowRoot,
        };
        run.SetAction((parsed, _) => KubernetesRunCommand.RunAsync(console, interruption, options.Read(parsed)));
        return new Command("k8s", "Runs on a Kubernetes cluster.") { run };
    }

    private KubernetesRunArguments Read(ParseResult parsed) => new()
    {
        Image = parsed.GetValue(_image)!,
        Command = parsed.GetValue(_command) ?? [],
        Namespace = parsed.GetValue(_namespace),
        Variables = parsed.GetValue(_env) ?? [],
        VariableFiles = parsed.GetValue(_envFile) ?? [],
        Entrypoint = parsed.GetValue(_entrypoint),
        RequestCpu = parsed.GetValue(_requestCpu),
        RequestMemory = parsed.GetValue(_requestMemory),
        LimitCpu = parsed.GetValue(_limitCpu),
        LimitMemory = parsed.GetValue(_limitMemory),
        WorkspaceMount = parsed.GetValue(_workspaceMount),
        NoWorkspace = parsed.GetValue(_noWorkspace),
        ImagePullSecrets = parsed.GetValue(_imagePullSecret) ?? [],
        ServiceAccount = parsed.GetValue(_serviceAccount),
        Context = parsed.GetValue(_context),
        AutoClean = parsed.GetResult(_autoClean) is { Implicit: false } ? parsed.GetValue(_autoClean) : null,
        Keep = parsed.GetResult(_keep) is { Implicit: false } ? parsed.GetValue(_keep) : null,
        Name = parsed.GetValue(_name),
        Timeout = parsed.GetValue(_timeout),
        PendingTimeout = parsed.GetValue(_pendingTimeout),
        AllowRoot = parsed.GetValue(_allowRoot),
    };

    private static Option<string?> Text(string name, string description, params string[] aliases) => new(name, aliases) { Description = description };

    private static Option<string[]> List(string name, string description, params string[] aliases) => new(name, aliases) { Description = description, Arity = ArgumentArity.OneOrMore };

    private static Option<bool> Flag(string name, string description) => new(name) { Description = description };
}
