namespace AiCoder.Embedded.Leases;

/// <summary>Another process has taken the task over, or it has ended: this one may record nothing more about it.</summary>
internal sealed class LeaseLostException(string taskId) : Exception($"The task {taskId} belongs to another process now.");
