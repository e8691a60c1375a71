using AiCoder.Core.Configuration;

namespace AiCoder.Core.Tasks;

/// <summary>A request that can't be taken, with every reason.</summary>
public sealed class TaskRequestException(IReadOnlyList<RequestProblem> problems)
    : Exception(EnvironmentReader.Sentence([.. problems.Select(problem => problem.Message)]))
{
    public IReadOnlyList<RequestProblem> Problems { get; } = problems;
}

/// <summary>One thing that is wrong with a request.</summary>
/// <param name="Field">The field's path, like <c>validation.network</c>; empty where it is the request as a whole.</param>
/// <param name="Message">What is wrong and what would be right, without any secret.</param>
public sealed record RequestProblem(string Field, string Message);
