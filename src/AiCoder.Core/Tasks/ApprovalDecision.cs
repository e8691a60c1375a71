namespace AiCoder.Core.Tasks;

/// <summary>What a person decided about a plan or the changes.</summary>
/// <param name="Approved">Whether the task may go on.</param>
/// <param name="Comment">Why, or what to mind; shown in the result where the task was refused.</param>
public sealed record ApprovalDecision(bool Approved, string? Comment = null);
