using AiCoder.Core.Tasks;

namespace AiCoder.Functions.Orchestration;

/// <summary>A task as the task hub keeps it, in clear: it holds no secret.</summary>
/// <param name="Spec">What is to be done.</param>
/// <param name="Identity">By what the same task is known when it is sent again.</param>
/// <param name="SecretsReference">Under which the secret store has its secrets; null: it has none.</param>
/// <param name="StartId">Made by whoever starts the instance, so that of two who race each knows whose it became; names the mailbox.</param>
public sealed record OrchestrationInput(TaskSpec Spec, TaskIdentity Identity, string? SecretsReference, string StartId);
