namespace AiCoder.Core.Tasks;

/// <summary>A request that was found good, taken apart.</summary>
/// <param name="Spec">What is to be done; holds no secret.</param>
/// <param name="Secrets">The caller's secrets.</param>
/// <param name="Fingerprint">
/// A hash of the request as it was sent, without its secrets: two requests with the same fingerprint ask for the same.
/// </param>
public sealed record AcceptedTask(TaskSpec Spec, TaskSecrets Secrets, string Fingerprint);
