using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using AiCoder.Core.Failures;

namespace AiCoder.Core.Models;

/// <summary>Which failure an endpoint's answer stands for, and what a person can do about it.</summary>
internal static partial class ModelErrors
{
    private const int QuotedLength = 500;

    // How endpoints word it that a conversation is too long: OpenAI, Azure, DashScope, vLLM, llama.cpp, DeepSeek.
    private static readonly string[] TooLongWords =
    [
        "context_length_exceeded", "context length", "context window", "maximum context", "range of input length", "too many tokens",
        "exceeds the available context", "prompt is too long", "reduce the length",
    ];

    private static readonly string[] QuotaWords = ["insufficient_quota", "billing", "arrearage", "insufficient balance", "exceeded your current quota"];

    // A filter on what was asked or answered: Azure, OpenAI, DashScope, Zhipu.
    private static readonly string[] FilterWords =
        ["content_filter", "content management policy", "content_policy_violation", "data_inspection_failed", "datainspectionfailed", "inappropriate content"];

    /// <summary>An HTTP status that is no success.</summary>
    /// <param name="endpoint">Who answered.</param>
    /// <param name="status">The status.</param>
    /// <param name="body">What it said.</param>
    /// <param name="retryAfter">The wait it asked for.</param>
    /// <param name="withTools">The request offered tools.</param>
    /// <returns>
    /// A <see cref="FailureException"/>, a <see cref="ContextTooLongException"/> or, only with tools, a <see cref="ToolsRefusedException"/>.
    /// </returns>
    public static Exception OfStatus(ModelEndpoint endpoint, int status, string body, TimeSpan? retryAfter, bool withTools = false)
    {
        var failure = Classify(endpoint, status, body, retryAfter);
        return withTools && failure is FailureException { Failure: var found } && ToolRefusal.Read(status, Message(body) ?? body) is { } refusal
            ? new ToolsRefusedException(found, refusal.Lasting)
            : failure;
    }

    private static Exception Classify(ModelEndpoint endpoint, int status, string body, TimeSpan? retryAfter)
    {
        var said = Quote(endpoint, body);
        var what = string.Create(CultureInfo.InvariantCulture, $"The model endpoint {endpoint.Address.Host} answered {status}{said}");
        return status switch
        {
            401 => Failed(FailureCodes.InvalidToken, $"{what}. Check {endpoint.KeySetting}."),
            402 => Failed(FailureCodes.Forbidden, $"{what}. The account behind {endpoint.KeySetting} has no credit left."),
            403 when !Mentions(body, FilterWords) => Failed(FailureCodes.Forbidden, $"{what}. The key is known but may not use the model {endpoint.Model}; check {endpoint.KeySetting}."),
            404 => Failed(FailureCodes.ModelUnusable, $"{what}. It knows no model '{endpoint.Model}', or no such path: check the model's name and {endpoint.AddressSetting}, which for most endpoints ends in /v1."),
            408 => Failed(FailureCodes.Timeout, $"{what}.", retryAfter),
            429 when Mentions(body, QuotaWords) => Failed(FailureCodes.Forbidden, $"{what}. The account's quota is used up, and waiting does not help; see {endpoint.KeySetting}."),
            429 => Failed(FailureCodes.RateLimited, $"{what}.", retryAfter),
            400 or 403 or 422 when Mentions(body, FilterWords) => Failed(FailureCodes.ContentRefused, $"{what}."),
            400 or 413 or 422 when Mentions(body, TooLongWords) => new ContextTooLongException($"{what}."),
            >= 300 and < 400 => Failed(FailureCodes.Configuration, $"{what}, a redirect, which is not followed because the key would go with it. Set {endpoint.AddressSetting} to the final address."),
            // "Not implemented" does not pass by waiting.
            >= 500 and not 501 => Failed(FailureCodes.ServerError, $"{what}.", retryAfter),
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
        if (Mentions(text, FilterWords))
            return Failed(FailureCodes.ContentRefused, what);
        return Failed(
            Mentions(text, ["rate_limit", "rate limit", "too many requests", "\"429\"", ":429"]) ? FailureCodes.RateLimited : FailureCodes.ServerError, what);
    }

    /// <summary>Whether the words of a refusal mean that the endpoint does not stream at all.</summary>
    public static bool RefusesStream(string message) => StreamRefusal().IsMatch(message);

    [GeneratedRegex(@"\bstream(ing)?\b.{0,80}(not (be )?support|n't support|unsupported|not (permitted|allowed|enabled|available|implemented)|must be (set to )?false)|(not support|n't support|unsupported|unknown|unrecogni[sz]ed|unexpected)[^.]{0,60}\bstream(ing)?\b", RegexOptions.IgnoreCase)]
    private static partial Regex StreamRefusal();

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
        var text = (Message(body) ?? body).ReplaceLineEndings(" ").Trim();
        if (!string.IsNullOrEmpty(endpoint.Key))
            text = text.Replace(endpoint.Key, Secrets.SecretRedactor.Mask, StringComparison.Ordinal);
        text = TextLimit.Cut(text, QuotedLength);
        return text.Length == 0 ? "" : $": {text.TrimEnd('.')}";
    }

    private static string? Message(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return Message(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Message(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Object when element.TryGetProperty("error", out var error) => Message(error),
        JsonValueKind.Object when element.TryGetProperty("message", out var message) => Message(message),
        JsonValueKind.Object when element.TryGetProperty("detail", out var detail) => Message(detail),
        // The fields that a server's check of its input names (FastAPI), without the input, which it repeats.
        JsonValueKind.Object when element.TryGetProperty("msg", out var said) =>
            element.TryGetProperty("loc", out var place) && place.ValueKind == JsonValueKind.Array ? $"{string.Join('.', place.EnumerateArray())}: {said}" : said.ToString(),
        JsonValueKind.Array when element.GetArrayLength() > 0 => string.Join("; ", element.EnumerateArray().Take(5).Select(item => Message(item) ?? item.GetRawText())),
        _ => null,
    };
}
