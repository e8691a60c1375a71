using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Failures;
using AiCoder.Core.Workflow;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace AiCoder.Functions.Orchestration;

/// <summary>
/// The workflow's context on Durable Functions. Deterministic like the workflow itself: it takes nothing but what the orchestration's
/// history gives.
/// </summary>
public sealed class DurableWorkflowContext(TaskOrchestrationContext context, OrchestrationInput task, ILogger logger) : IWorkflowContext
{
    /// <summary>How often an activity is called again whose worker died, before it counts as failed.</summary>
    public const int MostLosses = 5;

    // A worker that was killed for its memory should not be killed again by the same work at once.
    private static readonly TimeSpan PauseAfterLoss = TimeSpan.FromSeconds(5);

    public string InstanceId => context.InstanceId;

    public DateTime CurrentUtcDateTime => context.CurrentUtcDateTime;

    public bool IsReplaying => context.IsReplaying;

    public async Task<TResult> CallActivityAsync<TResult>(string name, object? input)
    {
        JsonElement? json = input is null ? null : JsonSerializer.SerializeToElement(input, input.GetType(), AiCoderJson.Options);
        var call = new ActivityCall(task.Spec.TaskId, task.StartId, task.SecretsReference, task.Spec.TraceParent, json);
        for (var losses = 0; ;)
        {
            try
            {
                var answer = await context.CallActivityAsync<ActivityAnswer>(name, call);
                if (!answer.Interrupted)
                    return answer.Output is { } output ? output.Deserialize<TResult>(AiCoderJson.Options)! : default!;
                logger.LogInformation("{Activity} of task {TaskId} was interrupted by its worker's stop and is called again", name, InstanceId);
            }
            catch (TaskFailedException exception) when (++losses < MostLosses)
            {
                // Activities answer with failures as data. What comes here is the host's word that a worker was lost.
                logger.LogWarning("{Activity} of task {TaskId} lost its worker ({ErrorType}) and is called again", name, InstanceId, exception.FailureDetails.ErrorType);
                await CreateTimer(PauseAfterLoss, CancellationToken.None);
            }
            catch (TaskFailedException)
            {
                throw new FailureException(
                    FailureCodes.Unhandled,
                    $"The activity {name} lost its worker {MostLosses} times. The workers' log says why; give them more memory where they were killed for it.");
            }
        }
    }

    public Task CreateTimer(TimeSpan delay, CancellationToken cancellationToken) =>
        context.CreateTimer(context.CurrentUtcDateTime + (delay > TimeSpan.Zero ? delay : TimeSpan.Zero), cancellationToken);

    public Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default) =>
        context.WaitForExternalEvent<T>(eventName, cancellationToken);

    public void SetCustomStatus(object? customStatus) => context.SetCustomStatus(customStatus);
}
