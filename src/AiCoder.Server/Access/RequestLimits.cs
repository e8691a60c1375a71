using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Http;
using AiCoder.Server.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AiCoder.Server.Access;

/// <summary>REQUESTS_PER_MINUTE for each client: whoever shows the key is one, everybody else is told apart by address.</summary>
internal static class RequestLimits
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    public static void AddRequestLimits(this IServiceCollection services, AiCoderOptions options) => services.AddRateLimiter(limiter =>
    {
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => RateLimitPartition.GetFixedWindowLimiter(
            ClientOf(context),
            _ => new FixedWindowRateLimiterOptions { PermitLimit = options.RequestsPerMinute, Window = Window, QueueLimit = 0 }));
        limiter.OnRejected = (rejected, _) =>
        {
            var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : Window;
            var seconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds));
            var answer = ApiAnswer.Problem(
                429, "Too many requests", string.Create(CultureInfo.InvariantCulture, $"More than {options.RequestsPerMinute} requests in a minute (REQUESTS_PER_MINUTE); go on in {seconds} seconds."));
            return new(new ApiResult(answer with { RetryAfter = seconds }).ExecuteAsync(rejected.HttpContext));
        };
    });

    // Only the right key makes a client of its own: made-up ones would make as many.
    private static string ClientOf(HttpContext context) =>
        context.RequestServices.GetRequiredService<ServiceKey>().IsShownBy(context.Request) ? "key" : NetworkOf(context.Connection.RemoteIpAddress);

    /// <summary>The address; of IPv6 its first half, because the second is the client's own to choose.</summary>
    private static string NetworkOf(IPAddress? address)
    {
        if (address is null)
            return "";
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return address.ToString() is var text && address.GetAddressBytes() is { Length: 16 } bytes ? Convert.ToHexStringLower(bytes.AsSpan(0, 8)) : text;
    }
}
