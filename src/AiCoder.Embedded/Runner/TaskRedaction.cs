using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using Microsoft.Extensions.Logging;

namespace AiCoder.Embedded.Runner;

/// <summary>Takes a task's secrets out of what people write: they quote tokens, and the journal is kept in clear.</summary>
internal sealed class TaskRedaction(EmbeddedHostSetup setup, ILogger logger)
{
    public async Task<SecretRedactor> RedactorAsync(string taskId) =>
        SecretRedactor.For(setup.Options, await setup.Secrets.GetAsync(taskId, CancellationToken.None).ConfigureAwait(false));

    public async Task<string> RedactAsync(string taskId, string text) => (await RedactorAsync(taskId).ConfigureAwait(false)).Redact(text);

    /// <summary>
    /// The reason to cancel a task; null where its secrets can't be read: the task must end all the same, and nobody knows what to take out.
    /// </summary>
    public async Task<string?> ReasonAsync(string taskId, string reason)
    {
        try
        {
            return await RedactAsync(taskId, reason).ConfigureAwait(false);
        }
        catch (FailureException exception)
        {
            logger.LogWarning("The reason to cancel task {TaskId} is not kept: {Failure}", taskId, exception.Failure.ToString());
            return null;
        }
    }
}
