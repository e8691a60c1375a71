using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Functions.Tasks;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.Logging;

namespace AiCoder.Functions.Orchestration;

/// <summary>The orchestration of one task; its instance id is the task's id. It runs the workflow that every host runs.</summary>
public static class CodingOrchestrator
{
    public const string Name = nameof(CodingOrchestrator);

    [Function(Name)]
    public static async Task<TaskResult> RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        var logger = context.CreateReplaySafeLogger(Name);
        // As JSON: the context would read our own types with options that nobody can set.
        var input = context.GetInput<JsonElement>().Deserialize<OrchestrationInput>(AiCoderJson.Options)
            ?? throw new InvalidOperationException("The orchestration was started without its input.");
        var workflow = new DurableWorkflowContext(context, input, logger);
        logger.LogInformation("Task {TaskId} begins", input.Spec.TaskId);

        var result = await RunWorkflowAsync(workflow, input, logger);
        await ReleaseAsync(context, workflow, input, logger);
        logger.LogInformation("Task {TaskId} has ended: {Status}", input.Spec.TaskId, result.Status);
        return result;
    }

    private static async Task<TaskResult> RunWorkflowAsync(DurableWorkflowContext workflow, OrchestrationInput input, ILogger logger)
    {
        try
        {
            return await CodingWorkflow.RunAsync(workflow, input.Spec);
        }
        catch (Exception exception)
        {
            // The workflow never throws; a mistake of ours must still end as a result that says so.
            logger.LogError(exception, "The workflow of task {TaskId} threw", input.Spec.TaskId);
            return FailedResult.Of(input.Spec, FailureMapping.From(exception), null, SecretRedactor.None);
        }
    }

    /// <summary>Gives up what only a running task needs. Whatever it could not, the hourly clean-up does.</summary>
    private static async Task ReleaseAsync(TaskOrchestrationContext context, DurableWorkflowContext workflow, OrchestrationInput input, ILogger logger)
    {
        // An activity that the workflow no longer waits for is told to end. The mailbox stays until the task is removed: who looks into
        // it twice a second must not miss this.
        await context.Entities.SignalEntityAsync(TaskMailbox.IdOf(input.StartId), TaskMailbox.CancelOperation);
        try
        {
            await workflow.CallActivityAsync<object?>(ActivityHost.Release, null);
        }
        catch (FailureException exception)
        {
            logger.LogWarning("What task {TaskId} used could not be given up yet: {Failure}", context.InstanceId, exception.Failure.ToString());
        }
    }
}
