using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using k8s;

namespace AiCoder.Kubernetes.Tests.Manifests;

/// <summary>Reads manifests as a strict API server would: a field that the models don't know is an error.</summary>
internal static class ManifestCheck
{
    private static readonly JsonSerializerOptions Strict = StrictOptions();

    /// <summary>Reads one manifest.</summary>
    /// <exception cref="JsonException">A field is unknown, or has another type.</exception>
    public static T Read<T>(string json)
        where T : IKubernetesObject => JsonSerializer.Deserialize<T>(json, Strict)!;

    private static JsonSerializerOptions StrictOptions()
    {
        // The client's own converters, and its models by reflection: what is generated ahead takes no further rule.
        JsonSerializerOptions? options = null;
        KubernetesJson.AddJsonOptions(known => options = new(known));
        options!.TypeInfoResolver = new DefaultJsonTypeInfoResolver();
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.PropertyNameCaseInsensitive = false;
        return options;
    }
}
