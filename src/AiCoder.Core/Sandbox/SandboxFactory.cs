using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Processes;
using AiCoder.Core.Secrets;

namespace AiCoder.Core.Sandbox;

/// <summary>The sandbox that the operator chose by SANDBOX.</summary>
public static class SandboxFactory
{
    /// <summary>Makes the sandbox; whether it can start is <see cref="ISandbox.ProbeAsync"/>'s to say.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>: this version does not have it.</exception>
    public static ISandbox Create(AiCoderOptions options, ProcessRunner runner, SecretRedactor redactor)
    {
        var toolchains = HostToolchains.Detect([options.WorkspaceDir, options.StateDir]);
        return new TracedSandbox(Untraced(options, runner, redactor, toolchains), redactor);
    }

    private static ISandbox Untraced(AiCoderOptions options, ProcessRunner runner, SecretRedactor redactor, HostToolchains toolchains) =>
        options.Sandbox switch
        {
            SandboxKind.Bubblewrap => new BubblewrapSandbox(runner, toolchains, redactor, Path.Combine(options.StateDir, "sandbox")),
            SandboxKind.None => new DirectSandbox(runner, toolchains, redactor),
            _ => throw new FailureException(
                FailureCodes.Configuration,
                $"SANDBOX={AiCoderJson.NameOf(options.Sandbox)} is not available in this version. Set SANDBOX=bubblewrap, or SANDBOX=none to run what "
                + "repositories and models choose without a sandbox."),
        };
}
