using System.Globalization;
using System.Text.Json;
using AiCoder.Core.Failures;

namespace AiCoder.Core.Models;

/// <summary>Which failure an endpoint's answer stands for, and what a person can do about it.</summary>
internal static class ModelErrors
{
    private const int QuotedLength = 500;

    // How endpoints word it that a conversation is too long: OpenAI, Azure, DashScope, vLLM, llama.cpp, DeepSeek.
    private static readonly string[] TooLongWords =
    [
        "context_length_exceeded", "context length", "context window", "maximum context", "range of input length", "too many tokens",
        "exceeds the available context", "prompt is too long", "reduce the length",
    ];

    private static readonly string[] QuotaWords = ["insufficient_quota", "billing", "arrearage", "insufficient balance", "exceeded your current quota"];

    /// <summary>An HTTP status that is no success.</summary>
    /// <returns>A <see cref="FailureException"/> or a <see cref="ContextTooLongException"/>.</returns>
    public static Exception OfStatus(ModelEndpoint endpoint, int status, string body, TimeSpan? retryAfter)
    {
        var said = Quote(endpoint, body);
        var what = string.Create(CultureInfo.InvariantCulture, $"The model endpoint {endpoint.Address.Host} answered {status}{said}");
        return status switch
        {
            401 => Failed(FailureCodes.InvalidToken, $"{what}. Check {endpoint.KeySetting}."),
            402 => Failed(FailureCodes.Forbidden, $"{what}. The account behind {endpoint.KeySetting} has no credit left."),
            403 => Failed(FailureCodes.Forbidden, $"{what}. The key is known but may not use the model {endpoint.Model}; check {endpoint.KeySetting}."),
            404 => Failed(FailureCodes.ModelUnusable, $"{what}. It knows no model '{endpoint.Model}', or no such path: check the model's name and {endpoint.AddressSetting}, which for most endpoints ends in /v1."),
            408 => Failed(FailureCodes.Timeout, $"{what}.", retryAfter),
            429 when Mentions(body, QuotaWords) => Failed(FailureCodes.Forbidden, $"{what}. The account's quota is used up, and waiting does not help; see {endpoint.KeySetting}."),
            429 => Failed(FailureCodes.RateLimited, $"{what}.", retryAfter),
            400 or 413 or 422 when Mentions(body, TooLongWords) => new ContextTooLongException($"{what}."),
            >= 300 and < 400 => Failed(FailureCodes.Configuration, $"{what}, a redirect, which is not followed because the key would go with it. Set {endpoint.AddressSetting} to the final address."),
            >= 500 => Failed(FailureCodes.ServerError, $"{what}.", retryAfter),
            _ => Failed(FailureCodes.ModelUnusable, $"{what}. The model {endpoint.Model} does not take this request."),
        };
    }

    /// <summary>An error object in the middle of a stream that began with status 200.</summary>
    public static Exception InStream(ModelEndpoint endpoint, JsonElement error)
    {
        var text = error.GetRawText();
        var what = $"The model endpoint {endpoint.Address.Host} broke off its answer{Quote(endpoint, text)}.";
        if (Mentions(text, TooLongWords))
            return new ContextTooLongException(what);
        return Failed(
            Mentions(text, ["rate_limit", "rate limit", "too many requests", "\"429\"", ":429"]) ? FailureCodes.RateLimited : FailureCodes.ServerError, what);
    }

    /// <summary>What was said is neither a stream of chunks nor an answer.</summary>
    public static FailureException NotAnAnswer(ModelEndpoint endpoint, string body) =>
        Failed(FailureCodes.ModelUnusable, $"What {endpoint.Address.Host} answered is no chat completion{Quote(endpoint, body)}. Check {endpoint.AddressSetting}, which for most endpoints ends in /v1.");

    public static FailureException Silent(ModelEndpoint endpoint, string phase, TimeSpan bound) =>
        Failed(FailureCodes.Timeout, string.Create(CultureInfo.InvariantCulture, $"The model endpoint {endpoint.Address.Host} {phase} for {bound.TotalSeconds:0.#} seconds and was cut off."));

    public static FailureException Incomplete(ModelEndpoint endpoint, Exception? inner = null) =>
        new(Failure.Of(FailureCodes.Reset, $"The model endpoint {endpoint.Address.Host} broke off in the middle of its answer."), inner);

    private static FailureException Failed(string code, string message, TimeSpan? retryAfter = null) =>
        new(Failure.Of(code, message, retryAfter));

    private static bool Mentions(string text, string[] words) =>
        words.Any(word => text.Contains(word, StringComparison.OrdinalIgnoreCase));

    /// <summary>The endpoint's own words: its error's message where there is one. Some repeat the key, which is taken out.</summary>
    private static string Quote(ModelEndpoint endpoint, string body)
    {
        var text = Message(body).ReplaceLineEndings(" ").Trim();
        if (!string.IsNullOrEmpty(endpoint.Key))
            text = text.Replace(endpoint.Key, Secrets.SecretRedactor.Mask, StringComparison.Ordinal);
        if (text.Length > QuotedLength)
            text = text[..QuotedLength] + "…";
        return text.Length == 0 ? "" : $": {text.TrimEnd('.')}";
    }

    private static string Message(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return Message(document.RootElement) ?? body;
        }
        catch (JsonException)
        {
            return body;
        }
    }

    private static string? Message(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Object when element.TryGetProperty("error", out var error) => Message(error),
        JsonValueKind.Object when element.TryGetProperty("message", out var message) => Message(message),
        JsonValueKind.Object when element.TryGetProperty("detail", out var detail) => Message(detail),
        _ => null,
    };
}
