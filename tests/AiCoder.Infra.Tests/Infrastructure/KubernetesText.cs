using k8s;
using k8s.Models;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace AiCoder.Infra.Tests.Infrastructure;

/// <summary>Manifests read as the API server reads them: a field that the model does not have, or that is there twice, is an error.</summary>
internal static class KubernetesText
{
    private static readonly Dictionary<string, Type> Types = new()
    {
        ["keda.sh/v1alpha1/ScaledObject"] = typeof(ScaledObject),
        ["keda.sh/v1alpha1/TriggerAuthentication"] = typeof(TriggerAuthentication),
        ["monitoring.coreos.com/v1/ServiceMonitor"] = typeof(ServiceMonitor),
    };

    public static List<IKubernetesObject> Read(string text)
    {
        RefuseDuplicates(text);
        return [.. KubernetesYaml.LoadAllFromString(text, Types, strict: true).Cast<IKubernetesObject>()];
    }

    // The client takes the second of two; the API server refuses both.
    private static void RefuseDuplicates(string text)
    {
        var reader = new DeserializerBuilder().WithDuplicateKeyChecking().Build();
        var parser = new Parser(new StringReader(text));
        parser.Consume<YamlDotNet.Core.Events.StreamStart>();
        while (parser.Accept<YamlDotNet.Core.Events.DocumentStart>(out _))
            reader.Deserialize<object>(parser);
    }

    public static V1ObjectMeta MetadataOf(IKubernetesObject thing) => ((IMetadata<V1ObjectMeta>)thing).Metadata;

    /// <summary>The pods that an object makes, with a name for messages.</summary>
    public static IEnumerable<(string Name, V1PodTemplateSpec Pod)> PodsOf(IEnumerable<IKubernetesObject> objects)
    {
        foreach (var thing in objects)
        {
            var pod = thing switch
            {
                V1Deployment deployment => deployment.Spec.Template,
                V1DaemonSet set => set.Spec.Template,
                V1Job job => job.Spec.Template,
                V1CronJob job => job.Spec.JobTemplate.Spec.Template,
                _ => null,
            };
            if (pod is not null)
                yield return ($"{thing.Kind}/{MetadataOf(thing).Name}", pod);
        }
    }

    public static IEnumerable<V1Container> ContainersOf(V1PodSpec pod) => (pod.InitContainers ?? []).Concat(pod.Containers);

    /// <summary>Whether labels satisfy a selector by labels alone.</summary>
    public static bool Matches(IDictionary<string, string>? selector, IDictionary<string, string> labels) =>
        selector is not null && selector.All(pair => labels.TryGetValue(pair.Key, out var value) && value == pair.Value);
}
