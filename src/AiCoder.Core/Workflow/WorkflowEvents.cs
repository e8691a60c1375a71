namespace AiCoder.Core.Workflow;

/// <summary>The external events that the workflow waits for. The names stand in histories and never change.</summary>
public static class WorkflowEvents
{
    /// <summary>Cancel the task; payload: <see cref="CancelRequest"/>.</summary>
    public const string Cancel = "cancel";

    /// <summary>The answer to <c>awaiting_approval</c>; payload: <see cref="Tasks.ApprovalDecision"/>.</summary>
    public const string Approval = "approval";
}

/// <summary>Who asks to cancel, and why; both for people.</summary>
public sealed record CancelRequest(string? Reason = null);
