using System.Runtime.CompilerServices;
using AiCoder.Cli.Terminal;
using AiCoder.Core.Sandbox;
using AiCoder.Kubernetes.Sandboxes;

namespace AiCoder.Cli.Tasks;

/// <summary>The sandbox of SANDBOX=kubernetes, whose assemblies are loaded only when it is made.</summary>
internal static class ClusterSandbox
{
    public static KubernetesSandboxFactory For(CommandConsole console) =>
        [MethodImpl(MethodImplOptions.NoInlining)] (options, runner, redactor) => KubernetesSandbox.Create(options, runner, redactor, console.Variable);
}
