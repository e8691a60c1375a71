using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Workflow;

/// <summary>
/// A coding task from its repository to its pushed commit. Written once; every host runs this.
/// </summary>
public static class CodingWorkflow
{
    /// <summary>Runs the task to its end. Never throws: what goes wrong is the result's <see cref="TaskResult.Error"/>.</summary>
    public static async Task<TaskResult> RunAsync(IWorkflowContext context, TaskSpec spec)
    {
        var run = new TaskRun(context, spec);
        try
        {
            run.Begin();
            await run.CloneAsync();
            run.BeginBaseline();
            await run.AnalyzeAsync();
            await run.ApproveAsync(ApprovalMode.Plan);
            await run.BaselineAsync();

            for (var iteration = 1; ; iteration++)
            {
                await run.CodeAsync(iteration);
                var verdict = await run.ValidateAsync();
                if (verdict != Verdict.Failed || iteration >= spec.MaxIterations)
                    break;
            }

            if (run.ValidationFailure is { } failure)
            {
                if (spec.OnValidationFailure == ValidationFailureAction.Draft)
                    await run.CommitAsync(draft: true);
                return await run.EndAsync(TaskState.Failed, failure);
            }

            await run.ApproveAsync(ApprovalMode.Changes);
            await run.CommitAsync(draft: false);
            return await run.EndAsync(TaskState.Completed);
        }
        catch (TaskEndedException ended)
        {
            return await run.EndAsync(ended.Failure is null ? TaskState.Cancelled : TaskState.Failed, ended.Failure);
        }
        catch (Exception exception)
        {
            return await run.EndAsync(TaskState.Failed, FailureMapping.From(exception));
        }
    }
}
