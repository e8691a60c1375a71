using AiCoder.Core.Failures;

namespace AiCoder.Core.Models;

/// <summary>The endpoint does not take tools. Whoever asked can ask the same again with the tools as text.</summary>
/// <param name="failure">What it is where there is no other way.</param>
/// <param name="lasting">It is so for every question, not only for what the model had written this time.</param>
public sealed class ToolsRefusedException(Failure failure, bool lasting) : Exception(failure.Message)
{
    public Failure Failure => failure;

    public bool Lasting => lasting;
}
