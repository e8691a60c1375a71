using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace AiCoder.Infra.Tests.Infrastructure;

// The fields that we use of KEDA 2.x's and the Prometheus operator's resources, as their documentation has them. Whatever else stands
// in a manifest is refused, so a field that is misspelt does not pass.

internal abstract class CustomResource<TSpec> : IKubernetesObject<V1ObjectMeta>
{
    [JsonPropertyName("apiVersion")]
    public string ApiVersion { get; set; } = "";

    [JsonPropertyName("kind")]
    public string Kind { get; set; } = "";

    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    [JsonPropertyName("spec")]
    public TSpec Spec { get; set; } = default!;
}

internal sealed class ScaledObject : CustomResource<ScaledObjectSpec>;

internal sealed class ScaledObjectSpec
{
    public ScaleTarget ScaleTargetRef { get; set; } = new();
    public int MinReplicaCount { get; set; }
    public int MaxReplicaCount { get; set; }
    public int PollingInterval { get; set; }
    public ScaledObjectAdvanced Advanced { get; set; } = new();
    public List<ScaleTrigger> Triggers { get; set; } = [];
}

internal sealed class ScaleTarget
{
    public string Name { get; set; } = "";
}

internal sealed class ScaledObjectAdvanced
{
    public AutoscalerConfig HorizontalPodAutoscalerConfig { get; set; } = new();
}

internal sealed class AutoscalerConfig
{
    public V2HorizontalPodAutoscalerBehavior Behavior { get; set; } = new();
}

internal sealed class ScaleTrigger
{
    public string Type { get; set; } = "";
    public Dictionary<string, string> Metadata { get; set; } = [];
    public ScaleTarget AuthenticationRef { get; set; } = new();
}

internal sealed class TriggerAuthentication : CustomResource<TriggerAuthenticationSpec>;

internal sealed class TriggerAuthenticationSpec
{
    public TriggerPodIdentity PodIdentity { get; set; } = new();
}

internal sealed class TriggerPodIdentity
{
    public string Provider { get; set; } = "";
    public string IdentityId { get; set; } = "";
}

internal sealed class ServiceMonitor : CustomResource<ServiceMonitorSpec>;

internal sealed class ServiceMonitorSpec
{
    public V1LabelSelector Selector { get; set; } = new();
    public List<ServiceMonitorEndpoint> Endpoints { get; set; } = [];
}

internal sealed class ServiceMonitorEndpoint
{
    public string Port { get; set; } = "";
    public string Interval { get; set; } = "";
}
