using System.Text.Json;
using AiCoder.Core.Secrets;

namespace AiCoder.Core.Tasks;

/// <summary>By what the same task is known when it is sent again. Holds no secret.</summary>
/// <param name="Request">A hash of the request without its secrets.</param>
/// <param name="Secrets">The keyed hashes of its secrets, as <see cref="SecretFingerprint.Format"/> writes them.</param>
public sealed record TaskIdentity(string Request, string Secrets)
{
    public static TaskIdentity Of(AcceptedTask task, SecretFingerprint fingerprint) =>
        new(task.Fingerprint, SecretFingerprint.Format(fingerprint.Compute(task.Spec.TaskId, task.Secrets)));

    /// <summary>
    /// What differs between a task that is there and another request for its id: names of the request's fields. Empty where they are
    /// the same, which they are too when the requests were worded differently but mean the same.
    /// </summary>
    public IReadOnlyList<string> Differences(TaskSpec existing, TaskIdentity sent, TaskSpec wanted)
    {
        var differences = new List<string>();
        if (Request != sent.Request)
            differences.AddRange(JsonDifferences.Between(Comparable(existing), Comparable(wanted)));
        differences.AddRange(SecretFingerprint.Differences(SecretFingerprint.Parse(Secrets), SecretFingerprint.Parse(sent.Secrets)));
        return differences;
    }

    private static JsonElement Comparable(TaskSpec spec) =>
        JsonSerializer.SerializeToElement(spec with { TraceParent = null }, AiCoderJson.Options);
}
