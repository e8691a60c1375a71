using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Processes;
using AiCoder.Core.Secrets;

namespace AiCoder.Core.Sandbox;

/// <summary>The sandbox that the operator chose by SANDBOX.</summary>
public static class SandboxFactory
{
    /// <summary>Makes the sandbox; whether it can start is <see cref="ISandbox.ProbeAsync"/>'s to say.</summary>
    /// <param name="options">The operator's.</param>
    /// <param name="runner">Starts programs.</param>
    /// <param name="redactor">Takes secrets out of output.</param>
    /// <param name="kubernetes">Makes the sandbox of SANDBOX=kubernetes; null: the host has none.</param>
    /// <exception cref="FailureException"><c>system/configuration</c>: this host does not have it.</exception>
    public static ISandbox Create(AiCoderOptions options, ProcessRunner runner, SecretRedactor redactor, KubernetesSandboxFactory? kubernetes = null) =>
        new TracedSandbox(Untraced(options, runner, redactor, kubernetes), redactor);

    private static ISandbox Untraced(AiCoderOptions options, ProcessRunner runner, SecretRedactor redactor, KubernetesSandboxFactory? kubernetes) =>
        options.Sandbox switch
        {
            SandboxKind.Bubblewrap => new BubblewrapSandbox(runner, Toolchains(options), redactor, Path.Combine(options.StateDir, "sandbox")),
            SandboxKind.None => new DirectSandbox(runner, Toolchains(options), redactor),
            SandboxKind.Kubernetes when kubernetes is not null => new DeferredSandbox(() => kubernetes(options, runner, redactor)),
            _ => throw new FailureException(
                FailureCodes.Configuration,
                $"SANDBOX={AiCoderJson.NameOf(options.Sandbox)} is not available here. Set SANDBOX=bubblewrap, or SANDBOX=none to run what "
                + "repositories and models choose without a sandbox."),
        };

    private static HostToolchains Toolchains(AiCoderOptions options) => HostToolchains.Detect([options.WorkspaceDir, options.StateDir]);
}
