using System.ClientModel.Primitives;
using System.Globalization;
using System.Net.Http;

namespace AiCoder.Core.Network;

/// <summary>How long a server asked us to wait: <c>retry-after-ms</c> (Azure), or <c>Retry-After</c> in seconds or as a date (RFC 9110, 10.2.3).</summary>
public static class RetryAfter
{
    // A day: whoever asks for more is taken at a day, and the task's own bounds decide.
    private const double MostSeconds = 86_400;

    /// <summary>The wait that an HTTP answer asks for; null where it does not say.</summary>
    public static TimeSpan? Of(HttpResponseMessage response, TimeProvider time) =>
        Of(name => response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null, time);

    /// <summary>The same of an answer to the model's client library.</summary>
    internal static TimeSpan? Of(PipelineResponseHeaders headers, TimeProvider time) =>
        Of(name => headers.TryGetValue(name, out var value) ? value : null, time);

    /// <summary>The same of an answer whose headers are asked for by name; null: it has none of that name.</summary>
    internal static TimeSpan? Of(Func<string, string?> header, TimeProvider time)
    {
        if (Number(header("retry-after-ms")) is { } milliseconds)
            return Wait(milliseconds / 1000);
        var text = header("Retry-After");
        if (Number(text) is { } seconds)
            return Wait(seconds);
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var until)
            ? Wait((until - time.GetUtcNow()).TotalSeconds)
            : null;
    }

    private static TimeSpan Wait(double seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, 0, MostSeconds));

    private static double? Number(string? text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;
}
