using AiCoder.Core.Failures;

namespace AiCoder.Core.Workspaces;

/// <summary>Maps a task's id to its folder, and nothing else to anywhere.</summary>
internal static class TaskFolder
{
    public static string Of(string workspaceDir, string taskId)
    {
        var usable = taskId.Length is > 0 and <= 100
            && taskId[0] != '.'
            && taskId.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-');
        return usable
            ? Path.Combine(Path.GetFullPath(workspaceDir), taskId)
            : throw new FailureException(
                FailureCodes.Configuration,
                $"The task id '{taskId}' names no workspace: letters, digits, '.', '_' and '-', at most 100, not beginning with a dot.");
    }
}
