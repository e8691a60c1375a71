using AiCoder.Core.Activities;
using AiCoder.Core.Agent.Qwen;
using AiCoder.Core.Configuration;
using AiCoder.Core.Forges;
using AiCoder.Core.Git;
using AiCoder.Core.Models;
using AiCoder.Core.Network;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Webhooks;
using AiCoder.Core.Workspaces;
using Microsoft.Extensions.Logging;

namespace AiCoder.Core;

/// <summary>
/// Everything of Core that a host needs, put together once. Plain construction in the order of dependence; nothing is started,
/// loaded or connected before its first use.
/// </summary>
public sealed class CoreServices : IDisposable
{
    private readonly ModelClientFactory _models;
    private readonly WebhookClient _webhooks;

    /// <param name="options">The operator's.</param>
    /// <param name="secrets">Where the host keeps callers' secrets.</param>
    /// <param name="time">The clock of everything but the workflow.</param>
    /// <param name="loggers">The host's.</param>
    /// <param name="kubernetes">Makes the sandbox of SANDBOX=kubernetes; null: this host has none.</param>
    public CoreServices(
        AiCoderOptions options, ISecretStore secrets, TimeProvider time, ILoggerFactory loggers, KubernetesSandboxFactory? kubernetes = null)
    {
        var redactor = new SecretRedactor(options.Secrets);
        var guard = new AddressGuard(options);
        var processes = new ProcessRunner(time);
        var bounds = new GitBounds();
        var git = new GitProgram(options, processes);
        var cache = new RepositoryCache(options, time, loggers.CreateLogger<RepositoryCache>());
        var remote = new GitRemote(git, cache, guard, bounds);
        var access = new RemoteAccessResolver(options, guard);
        var sandbox = SandboxFactory.Create(options, processes, redactor, kubernetes);
        var daily = new DailyCeilings(options, new SpendingLedger(options, time));
        _models = new ModelClientFactory(options, guard, time, daily: daily);
        _webhooks = new WebhookClient(guard, time);
        Workspaces = new WorkspaceStore(options, git, bounds, time);

        var clone = new CloneActivity(remote, access, Workspaces, secrets);
        var analyze = new AnalyzeActivity(options, Workspaces, secrets, _models, time);
        var code = new CodeActivity(options, Workspaces, secrets, sandbox, _models, time);
        var validate = new ValidateActivity(Workspaces, sandbox, options, secrets);
        var commit = new CommitActivity(
            options, secrets, Workspaces, new LocalRepository(), access, remote, new ForgeLocator(options, guard, time), new SecretScanner(time));
        var notify = new NotifyActivity(options, secrets, _webhooks);

        var activities = new ActivitySet(loggers.CreateLogger<ActivitySet>(), time);
        activities.Add<CloneInput, CloneOutput>(ActivityNames.Clone, async (input, context, stop) =>
        {
            // Before the first model call costs anything, it is known that what the model will want to run can run.
            if (input.Spec.Engine == TaskEngine.Qwen)
                QwenInstallation.Find(options.QwenCodeDir);
            var probe = sandbox.ProbeAsync(stop);
            var cloned = clone.RunAsync(input, context, stop);
            await Task.WhenAll(probe, cloned).ConfigureAwait(false);
            return await cloned.ConfigureAwait(false);
        });
        activities.Add<AnalyzeInput, AnalyzeOutput>(ActivityNames.Analyze, analyze.RunAsync);
        activities.Add<CodeInput, CodeOutput>(ActivityNames.Code, code.RunAsync);
        activities.Add<ValidateInput, ValidateOutput>(ActivityNames.Validate, validate.RunAsync);
        activities.Add<CommitInput, CommitOutput>(ActivityNames.Commit, commit.RunAsync, cancellable: false);
        activities.Add<NotifyInput, NotifyOutput>(ActivityNames.Notify, notify.RunAsync, cancellable: false);
        Activities = activities;
        Sandbox = sandbox;
    }

    /// <summary>The six activities, behind the hosts' seam.</summary>
    public IActivityInvoker Activities { get; }

    /// <summary>What tasks keep under WORKSPACE_DIR.</summary>
    public WorkspaceStore Workspaces { get; }

    /// <summary>Where everything runs that a repository or a model chose.</summary>
    public ISandbox Sandbox { get; }

    /// <summary>A task has ended: gives up what only a running one needs.</summary>
    public async Task ReleaseAsync(string taskId, CancellationToken cancellationToken)
    {
        // First what may still hold files open.
        await Sandbox.ReleaseAsync(Workspaces.FolderOf(taskId), cancellationToken).ConfigureAwait(false);
        await Workspaces.ReleaseAsync(taskId, cancellationToken).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _models.Dispose();
        _webhooks.Dispose();
        (Sandbox as IDisposable)?.Dispose();
    }
}
