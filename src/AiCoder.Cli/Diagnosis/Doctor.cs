using System.Runtime.CompilerServices;
using AiCoder.Cli.Tasks;
using AiCoder.Cli.Terminal;
using AiCoder.Core.Agent.Qwen;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Network;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;

namespace AiCoder.Cli.Diagnosis;

/// <summary>Looks at everything a task needs, in the order in which a task needs it.</summary>
internal static class Doctor
{
    private const string OpenAi = "api.openai.com";

    public static async IAsyncEnumerable<Finding> ExamineAsync(
        CommandConsole console, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (options, configuration) = ReadOptions(console.Variable);
        yield return configuration;

        var processes = new ProcessRunner(TimeProvider.System);
        var programs = new ProgramCheck(processes);
        yield return await programs.GitAsync(cancellationToken);
        yield return await programs.SshAsync(cancellationToken);
        if (options is null)
            yield break;

        yield return WorkspaceCheck.Folder("workspace", "WORKSPACE_DIR", options.WorkspaceDir);
        yield return WorkspaceCheck.Folder("state", "STATE_DIR", options.StateDir);
        yield return await JournalAsync(options, console, cancellationToken);
        yield return await SandboxAsync(options, SandboxFactory.Create(options, processes, SecretRedactor.None, ClusterSandbox.For(console)), console.Variable, cancellationToken);
        yield return options.Sandbox == SandboxKind.Kubernetes
            ? Finding.Skipped("validation", "The sandbox's images bring the toolchains.")
            : ProgramCheck.Toolchain(options);
        yield return Qwen(options);
        yield return await new ModelCheck(options, new AddressGuard(options)).RunAsync(cancellationToken);
        yield return Webhook(options);
    }

    private static (AiCoderOptions? Options, Finding Finding) ReadOptions(Func<string, string?> variable)
    {
        try
        {
            var options = EnvironmentReader.Read(variable, callerIsOperator: true);
            var model = $"model '{options.Model}' at {options.AzureOpenAiEndpoint ?? options.BaseUrl}";
            return (options, options is { AzureOpenAiEndpoint: null, BaseUrl.Host: OpenAi, Model: AiCoderOptions.DefaultModel }
                ? Finding.Warn("configuration", $"{model}: OpenAI has no such model.", "Set OPENAI_MODEL (or MODEL_NAME) to one of OpenAI's, or OPENAI_BASE_URL to the endpoint that has this one.")
                : Finding.Ok("configuration", model));
        }
        catch (FailureException exception)
        {
            return (null, Finding.Fail("configuration", exception.Failure.Message, "Set the variables as README.md says; what needs them was not looked at."));
        }
    }

    private static async Task<Finding> JournalAsync(AiCoderOptions options, CommandConsole console, CancellationToken cancellationToken)
    {
        try
        {
            await using var host = TaskHost.Open(options, console);
            var tasks = await host.Tasks.ListAsync(cancellationToken: cancellationToken);
            var stopped = tasks.Count(task => task is { HasEnded: false, RunBy: null });
            return Finding.Ok("journal", $"{tasks.Count} tasks, {stopped} of them can be resumed");
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            var failure = FailureMapping.From(exception);
            return failure.Code == FailureCodes.Configuration
                ? Finding.Fail("journal", failure.Message, "Do as it says.")
                : Finding.Fail("journal", failure.ToString(), "Set STATE_DIR to a folder on a local disk that this user may write.");
        }
    }

    private static async Task<Finding> SandboxAsync(
        AiCoderOptions options, ISandbox sandbox, Func<string, string?> variable, CancellationToken cancellationToken)
    {
        if (options.Sandbox == SandboxKind.None)
            return Finding.Warn("sandbox", "SANDBOX=none: commands of repositories and models run as this user, unconfined.", "Install bubblewrap and take SANDBOX=none away.");
        try
        {
            await sandbox.ProbeAsync(cancellationToken);
            if (options.KubernetesSandbox is { } pods)
                return Finding.Ok("sandbox", $"pods can be made and are fenced off, claim {pods.VolumeClaim}, image {pods.Image ?? "by language"}; network for commands: {Core.AiCoderJson.NameOf(options.SandboxNetwork)}");
            return Finding.Ok("sandbox", $"bubblewrap starts; network for commands: {Core.AiCoderJson.NameOf(options.SandboxNetwork)}");
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            var advice = options.Sandbox == SandboxKind.Bubblewrap && ProgramPath.Find("bwrap", new Dictionary<string, string>()) is not null ? Confinement.Read(variable).Advice() : null;
            return Finding.Fail("sandbox", FailureMapping.From(exception).Message, $"{advice ?? "Do as it says."} Until then a task fails before its first model call.");
        }
    }

    private static Finding Qwen(AiCoderOptions options)
    {
        if (options.QwenCodeDir is null)
            return Finding.Skipped("engine qwen", $"QWEN_CODE_DIR is not set: only tasks with \"engine\": \"qwen\" need it. {QwenInstallation.Advice(null)}");
        try
        {
            var installation = QwenInstallation.Find(options.QwenCodeDir);
            return Finding.Ok("engine qwen", $"Qwen Code {installation.Version} in {installation.Folder}, run by {installation.Node}");
        }
        catch (FailureException exception)
        {
            return Finding.Warn("engine qwen", exception.Failure.Message, "Until then, tasks with \"engine\": \"qwen\" fail before their first model call.");
        }
    }

    private static Finding Webhook(AiCoderOptions options)
    {
        if (options.WebhookUrl is not { } url)
            return Finding.Skipped("webhook", "WEBHOOK_URL is not set: no events are sent.");
        if (options.WebhookSecret is null)
            return Finding.Warn("webhook", $"{url.GetLeftPart(UriPartial.Path)}, unsigned; nothing was sent.", "Set WEBHOOK_SECRET, so that the receiver can tell our events from others'.");
        return url.Scheme == Uri.UriSchemeHttp && !url.IsLoopback
            ? Finding.Warn("webhook", $"{url.GetLeftPart(UriPartial.Path)} is not encrypted; nothing was sent.", "Use https, so that nobody on the way reads plans and changes.")
            : Finding.Ok("webhook", $"{url.GetLeftPart(UriPartial.Path)}, signed; nothing was sent.");
    }
}
