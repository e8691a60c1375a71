using AiCoder.Core.Configuration;
using AiCoder.Core.Sandbox;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiCoder.Server;

/// <summary>What a <see cref="TaskServer"/> is made of.</summary>
public sealed record TaskServerSetup
{
    public const string DefaultUrl = "http://127.0.0.1:8080";

    /// <summary>The operator's, read for a service (<see cref="AiCoderOptions.CallerIsOperator"/> is false).</summary>
    public required AiCoderOptions Options { get; init; }

    /// <summary>Where to listen: <c>http://host:port</c>, port 0 for a free one; more than one separated by semicolons.</summary>
    public string Urls { get; init; } = DefaultUrl;

    /// <summary>
    /// Whether tasks are also taken from the queue <see cref="Core.Api.QueueNames.Tasks"/> of <see cref="AiCoderOptions.QueueStorage"/>;
    /// default false.
    /// </summary>
    public bool ReadsQueue { get; init; }

    /// <summary>Makes the sandbox of SANDBOX=kubernetes; null: this server has none.</summary>
    public KubernetesSandboxFactory? KubernetesSandbox { get; init; }

    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    /// <summary>
    /// How long a stop may take. Most of it is the activities', for their next safe point. Default 25 seconds: a pod is killed after 30.
    /// </summary>
    public TimeSpan StopBound { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>For tests: adds to the services or replaces some, after all that the server has of its own.</summary>
    internal Action<IServiceCollection> AddServices { get; init; } = _ => { };

    /// <summary>How often it is looked for tasks that nobody runs any more; default 10 seconds.</summary>
    internal TimeSpan ResumeEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often an event stream that is silent says that it is alive; default 15 seconds.</summary>
    internal TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);
}
