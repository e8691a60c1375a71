using System.Text.RegularExpressions;

namespace AiCoder.Core.Models;

/// <summary>Whether an endpoint's error means that it does not take tools.</summary>
/// <param name="Lasting">It never does; false: it could not read the calls that its model wrote this time.</param>
internal sealed partial record ToolRefusal(bool Lasting)
{
    /// <param name="status">The HTTP status.</param>
    /// <param name="message">The endpoint's own words.</param>
    /// <returns>Null: it means something else.</returns>
    public static ToolRefusal? Read(int status, string message)
    {
        if (status is not (400 or 404 or 422 or 500 or 501))
            return null;
        if (Unread().IsMatch(message))
            return new(Lasting: false);
        return Subject().IsMatch(message) && Refused().IsMatch(message) ? new(Lasting: true) : null;
    }

    // Groq and Ollama answer so when the model's call was no JSON.
    [GeneratedRegex("tool_use_failed|failed_generation|failed to call a function|(error|failed) (to |in )?pars(e|ing) (the )?(tool|function)[ _]?call", RegexOptions.IgnoreCase)]
    private static partial Regex Unread();

    [GeneratedRegex(@"\b(tools|tool[ _-]?choice|tool[ _-]?(use|call(s|ing)?)|functions|function[ _-]?call(s|ing)?)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Subject();

    // OpenAI, vLLM, llama.cpp, Ollama, OpenRouter, and servers that check their input strictly.
    [GeneratedRegex(@"not support|n't support|unsupported|no endpoints found that support|not implemented|not enabled|not available|not permitted|not allowed|requires --|unknown (field|name|parameter|argument)|unrecogni[sz]ed|unexpected (field|keyword|parameter|property|argument)", RegexOptions.IgnoreCase)]
    private static partial Regex Refused();
}
