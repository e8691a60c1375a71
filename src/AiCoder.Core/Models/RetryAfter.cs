using System.ClientModel.Primitives;
using System.Globalization;

namespace AiCoder.Core.Models;

/// <summary>How long a server asked us to wait.</summary>
internal static class RetryAfter
{
    /// <summary>By <c>retry-after-ms</c> (Azure), or <c>Retry-After</c> in seconds or as a date (RFC 9110, 10.2.3).</summary>
    public static TimeSpan? Of(PipelineResponseHeaders headers, DateTimeOffset now)
    {
        if (headers.TryGetValue("retry-after-ms", out var text) && Number(text) is { } milliseconds)
            return TimeSpan.FromMilliseconds(milliseconds);
        if (!headers.TryGetValue("Retry-After", out text))
            return null;
        if (Number(text) is { } seconds)
            return TimeSpan.FromSeconds(seconds);
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var until) && until > now
            ? until - now
            : null;
    }

    // A day at most: what asks for more is answered by the task's own limits.
    private static double? Number(string? text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number <= 86_400_000 ? number : null;
}
