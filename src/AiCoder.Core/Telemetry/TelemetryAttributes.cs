namespace AiCoder.Core.Telemetry;

/// <summary>
/// The names of attributes. Dashboards are made of them, so one that has shipped never changes. Those without <c>aicoder.</c> are of
/// OpenTelemetry's semantic conventions (general, process, generative AI), but for <see cref="TaskId"/>, which is the API's own name.
/// </summary>
internal static class TelemetryAttributes
{
    /// <summary>Of every span, and of no metric: there each task would be a series of its own.</summary>
    public const string TaskId = "task_id";
    public const string ErrorType = "error.type";

    public const string Activity = "aicoder.activity";
    public const string Outcome = "aicoder.outcome";
    public const string Status = "aicoder.task.status";
    public const string Iterations = "aicoder.task.iterations";
    public const string Verdict = "aicoder.task.verdict";
    public const string Stage = "aicoder.stage";
    public const string Cost = "aicoder.model.cost";
    public const string CommandPurpose = "aicoder.command.purpose";
    public const string CommandEnding = "aicoder.command.ending";

    public const string ProcessName = "process.executable.name";
    public const string ExitCode = "process.exit.code";
    public const string ServerAddress = "server.address";
    public const string ServerPort = "server.port";

    public const string Operation = "gen_ai.operation.name";
    public const string Provider = "gen_ai.provider.name";
    public const string RequestModel = "gen_ai.request.model";
    public const string InputTokens = "gen_ai.usage.input_tokens";
    public const string CachedTokens = "gen_ai.usage.cache_read.input_tokens";
    public const string OutputTokens = "gen_ai.usage.output_tokens";
    public const string FinishReasons = "gen_ai.response.finish_reasons";
    public const string TokenType = "gen_ai.token.type";
}
