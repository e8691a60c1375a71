namespace AiCoder.Kubernetes.Clusters;

/// <summary>
/// The cluster's time, by the Date header of its last answer. What a pod's log is asked for is counted back from the cluster's
/// now, and this machine's clock may be minutes off.
/// </summary>
internal sealed class ServerClock(TimeProvider time) : DelegatingHandler
{
    private long _offset;

    /// <summary>The cluster's time, to a second or so.</summary>
    public DateTimeOffset Now => time.GetUtcNow() + new TimeSpan(Volatile.Read(ref _offset));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (response.Headers.Date is { } date)
            Volatile.Write(ref _offset, (date - time.GetUtcNow()).Ticks);
        return response;
    }
}
