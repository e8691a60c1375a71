using AiCoder.Cli.Tasks;
using AiCoder.Cli.Terminal;
using AiCoder.Core;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Demo;

namespace AiCoder.Cli.Demonstration;

/// <summary>
/// One whole task with nothing to configure: a repository with a failing test, a git server, a model and a webhook receiver, all
/// on loopback and all in one temporary folder. Only the model is not what it would be: a script, and it says so.
/// </summary>
internal sealed class Demonstration(CommandConsole console, Interruption interruption, bool live, string folder)
{
    private const string TaskId = "demo";
    private const string RepositoryName = "shop.git";
    private const string WebhookSecret = "whsec_QWlDb2RlciBkZW1vOiBub3QgYSBzZWNyZXQgYXQgYWxs";

    private readonly ProcessRunner _processes = new(TimeProvider.System);
    private readonly DemoProject _project = DemoProject.ForThisMachine();

    /// <summary>Runs the demo.</summary>
    /// <returns>The exit code: 0 only where the fix was pushed, tested and read back from the server.</returns>
    public async Task<int> RunAsync()
    {
        RefusePods();
        var stop = interruption.Requested;
        var repository = new DemoRepository(_processes, Path.Combine(folder, "served", RepositoryName));
        await repository.CreateAsync(_project, stop);

        await using var git = await GitServer.StartAsync(Path.Combine(folder, "served"), cancellationToken: stop);
        await using var receiver = await WebhookReceiver.StartAsync(WebhookSecret, cancellationToken: stop);
        await using var model = live ? null : await ScriptedModel.StartAsync(DemoScript.For(_project), stop);
        var (options, sandbox) = await WithSandboxAsync(Options(receiver, model), stop);

        Say($"AiCoder's demo: a whole task, from a repository to a pushed commit.");
        Say("model", model is null ? $"{options.Model} at {options.BaseUrl}" : $"{DemoScript.ModelName}: it knows its answers beforehand (--live with OPENAI_API_KEY uses a real one)");
        Say("repository", $"{git.UrlOf(RepositoryName)} ({_project.Language}), made and served for this demo");
        Say("intent", _project.Intent);

        var before = await TestAsync(sandbox, repository, "main", stop);
        if (before.Succeeded)
            throw new FailureException(FailureCodes.Unhandled, $"The demo's test passes before anything was changed: {before.Output}");
        Say("before", $"'{_project.TestCommand}' fails, as it should: {Essence(before)}");

        var accepted = TaskAcceptance.Accept(
            new() { TaskId = TaskId, RepoUrl = git.UrlOf(RepositoryName), Intent = _project.Intent, Validation = new() { Commands = [_project.TestCommand] } },
            options,
            TaskId);
        await using var host = TaskHost.Open(options, console);
        var end = await new TaskSession(host, console, interruption) { Resumable = false }.RunAsync(accepted);
        return end.Result is { } result ? await ShowAsync(result, repository, receiver, sandbox, stop) : end.ExitCode;
    }

    /// <summary>Shows what stands on the server, and believes nothing but that.</summary>
    private async Task<int> ShowAsync(
        TaskResult result, DemoRepository repository, WebhookReceiver receiver, ISandbox sandbox, CancellationToken stop)
    {
        var problems = new List<string>();
        if (result.Status != TaskState.Completed)
            problems.Add($"the task is {ProgressText.Of(result.Status)}: {result.Error}");

        var deliveries = receiver.Deliveries;
        var inOrder = deliveries.Select(delivery => delivery.Sequence).SequenceEqual(Enumerable.Range(1, deliveries.Count));
        var signed = deliveries.All(delivery => delivery.SignatureValid == true);
        Say("events", $"{deliveries.Count} received{(inOrder ? ", in order" : "")}{(signed ? ", every signature right" : "")}: {string.Join(", ", deliveries.Select(delivery => delivery.Status))}");
        if (deliveries.Count == 0 || !inOrder || !signed)
            problems.Add("the webhook's events are not complete, in order and signed");

        var branch = result.Branch ?? "";
        var pushed = branch.Length == 0 ? null : await repository.HeadOfAsync(branch, stop);
        if (pushed is null || pushed != result.CommitHash)
            problems.Add("the server does not have the commit");
        else
        {
            var after = await TestAsync(sandbox, repository, branch, stop);
            Say("after", $"'{_project.TestCommand}' {(after.Succeeded ? "passes" : "fails")}: {Essence(after)}");
            if (!after.Succeeded)
                problems.Add("the test still fails");
            Say($"{Environment.NewLine}What the server has on {branch}:{Environment.NewLine}");
            await console.Error.WriteAsync(await repository.ShowAsync(branch, console.ErrorIsTerminal && !console.NoColour, stop));
        }

        foreach (var problem in problems)
            Say($"The demo did not succeed: {problem}.");
        return problems.Count == 0 ? ExitCodes.Completed : ExitCodes.Failed;
    }

    private AiCoderOptions Options(WebhookReceiver receiver, ScriptedModel? model)
    {
        var settings = new Dictionary<string, string>
        {
            ["WORKSPACE_DIR"] = Path.Combine(folder, "workspace"),
            ["STATE_DIR"] = Path.Combine(folder, "state"),
            ["WEBHOOK_URL"] = receiver.Url.AbsoluteUri,
            ["WEBHOOK_SECRET"] = WebhookSecret,
        };
        if (model is not null)
        {
            settings["OPENAI_BASE_URL"] = model.BaseUrl.AbsoluteUri;
            settings["OPENAI_API_KEY"] = "the-script-needs-no-key";
            settings["OPENAI_MODEL"] = DemoScript.ModelName;
        }

        // With the script only the sandbox is taken from the environment: no key of the operator's comes near the demo.
        return EnvironmentReader.Read(
            name => settings.GetValueOrDefault(name) ?? (live || name is "SANDBOX" or "SANDBOX_NETWORK" ? console.Variable(name) : null),
            callerIsOperator: true);
    }

    /// <exception cref="FailureException"><c>system/configuration</c>: SANDBOX=kubernetes.</exception>
    private void RefusePods()
    {
        if (string.Equals(console.Variable("SANDBOX")?.Trim(), AiCoderJson.NameOf(SandboxKind.Kubernetes), StringComparison.OrdinalIgnoreCase))
        {
            throw new FailureException(
                FailureCodes.Configuration,
                "The demo can't run in pods: what it makes lies in a temporary folder of this machine, which none can mount. Run it with SANDBOX=bubblewrap, or with SANDBOX=none.");
        }
    }

    private async Task<(AiCoderOptions Options, ISandbox Sandbox)> WithSandboxAsync(AiCoderOptions options, CancellationToken stop)
    {
        var sandbox = SandboxFactory.Create(options, _processes, SecretRedactor.None);
        try
        {
            await sandbox.ProbeAsync(stop);
            return (options, sandbox);
        }
        catch (FailureException exception) when (exception.Failure.Code == FailureCodes.SandboxUnavailable && !live)
        {
            Say("No sandbox can start here, so the demo runs its own harmless project without one. A real task would stop and say:");
            Say("  " + exception.Failure.Message);
            options = options with { Sandbox = SandboxKind.None };
            return (options, SandboxFactory.Create(options, _processes, SecretRedactor.None));
        }
    }

    private async Task<CommandOutcome> TestAsync(ISandbox sandbox, DemoRepository repository, string branch, CancellationToken stop)
    {
        var workTree = Path.Combine(folder, "look", Guid.NewGuid().ToString("N"));
        await repository.WriteAsync(branch, workTree, stop);
        return await sandbox.RunAsync(
            new() { Arguments = ["/bin/sh", "-c", _project.TestCommand], WorkTree = workTree, Timeout = TimeSpan.FromMinutes(1) }, stop);
    }

    private static string Essence(CommandOutcome outcome)
    {
        var lines = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return ProgressText.OneLine(lines.FirstOrDefault(line => line.Contains("Error:", StringComparison.Ordinal)) ?? lines.LastOrDefault() ?? "");
    }

    private void Say(string name, string text) => Say($"  {name,-11} {text}");

    private void Say(string line) => console.Error.WriteLine(line);
}
