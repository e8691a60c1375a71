using AiCoder.Core.Failures;
using Microsoft.Extensions.Logging;

namespace AiCoder.Server.Queue;

/// <summary>Says once that the queue can't be used, and once that it can again, however often it is asked in between.</summary>
internal sealed class TroubleLog(ILogger logger)
{
    private string? _code;

    public void Is(Failure failure)
    {
        if (_code != failure.Code)
            logger.LogWarning("No tasks are taken from the queue for now; it is tried again every few seconds: {Failure}", failure.ToString());
        _code = failure.Code;
    }

    public void IsOver()
    {
        if (_code is not null)
            logger.LogInformation("Tasks are taken from the queue again");
        _code = null;
    }
}
