using AiCoder.Core;
using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Core.Secrets;
using AiCoder.Core.Telemetry;
using AiCoder.Core.Workspaces;
using AiCoder.Functions.Orchestration;
using AiCoder.Functions.Tasks;
using AiCoder.Functions.Triggers;
using AiCoder.Kubernetes.Sandboxes;
using Azure.Core.Serialization;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AiCoder.Functions;

/// <summary>What the functions are made of.</summary>
public static class Composition
{
    public static IServiceCollection AddAiCoder(this IServiceCollection services)
    {
        // What crosses to the task hub has the form that it has in journals and bodies.
        services.Configure<WorkerOptions>(worker => worker.Serializer = new JsonObjectSerializer(AiCoderJson.Options));
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => EnvironmentReader.Read(Environment.GetEnvironmentVariable, callerIsOperator: false));
        services.AddSingleton<ProtectedSecretStore>();
        services.AddSingleton<ISecretStore>(provider => provider.GetRequiredService<ProtectedSecretStore>());
        services.AddSingleton<SecretFingerprint>();
        services.AddSingleton<EventLog>();
        services.AddSingleton<ReadinessProbe>();
        services.AddSingleton(provider => TelemetryExport.Start(provider.GetRequiredService<AiCoderOptions>(), provider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));
        services.AddSingleton(provider => new CoreServices(
            provider.GetRequiredService<AiCoderOptions>(),
            provider.GetRequiredService<ISecretStore>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>(),
            // A lambda, so that the cluster's client is loaded only where SANDBOX=kubernetes.
            (options, runner, redactor) => KubernetesSandbox.Create(options, runner, redactor, Environment.GetEnvironmentVariable)));
        services.AddSingleton(provider => provider.GetRequiredService<CoreServices>().Workspaces);
        services.AddSingleton(provider => provider.GetRequiredService<CoreServices>().Activities);
        services.AddSingleton(provider => provider.GetRequiredService<CoreServices>().Sandbox);
        services.AddSingleton<ActivityHost>();
        services.AddSingleton<DurableTasks>();
        services.AddSingleton<RequestGate>();
        services.AddHostedService<StartupCheck>();
        return services;
    }
}
