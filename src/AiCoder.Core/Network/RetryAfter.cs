using System.Net.Http;

namespace AiCoder.Core.Network;

/// <summary>The Retry-After header (RFC 9110, section 10.2.3): seconds, or a date.</summary>
public static class RetryAfter
{
    /// <summary>How long the server asks us to wait; null where it does not say.</summary>
    public static TimeSpan? Of(HttpResponseMessage response, TimeProvider time)
    {
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }
}
