using AiCoder.Core.Configuration;
using AiCoder.Core.Processes;
using AiCoder.Core.Secrets;

namespace AiCoder.Core.Sandbox;

/// <summary>
/// Makes the sandbox of SANDBOX=kubernetes. Hosts pass one in, because Core knows no cluster; it is called only where the operator
/// chose that sandbox and only when it is first used, so that nothing of a cluster's client is loaded elsewhere.
/// </summary>
/// <param name="options">The operator's.</param>
/// <param name="runner">Starts programs beside the service.</param>
/// <param name="redactor">Takes secrets out of output.</param>
public delegate ISandbox KubernetesSandboxFactory(AiCoderOptions options, ProcessRunner runner, SecretRedactor redactor);
