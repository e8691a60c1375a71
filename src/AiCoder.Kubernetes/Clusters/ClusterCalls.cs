using System.Net;
using System.Text.Json;
using k8s.Autorest;

namespace AiCoder.Kubernetes.Clusters;

/// <summary>
/// Every call to the API server: bounded, tried again where another try may help (an answer of 429 or 5xx, a connection that
/// broke), and its error a failure that a person can act on.
/// </summary>
/// <param name="bounds">How long is waited.</param>
/// <param name="say">Tells the person what is waited for.</param>
/// <param name="time">For bounds and pauses.</param>
public sealed class ClusterCalls(ClusterBounds bounds, Action<string> say, TimeProvider time)
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    private bool _answered;

    /// <summary>Whether the server ever answered.</summary>
    internal bool HasAnswered => _answered;

    /// <summary>Asks until there is an answer or it is hopeless.</summary>
    /// <param name="what">What is done, as in "creating the Job failed".</param>
    /// <param name="call">The call; it may come more than once.</param>
    /// <param name="stop">Stops the call and its pauses.</param>
    /// <param name="expected">Statuses that the caller looks at itself: thrown as they came.</param>
    /// <exception cref="HttpOperationException">One of <paramref name="expected"/>.</exception>
    /// <exception cref="Core.Failures.FailureException">Everything else that went wrong.</exception>
    public async Task<T> AskAsync<T>(
        string what, Func<CancellationToken, Task<T>> call, CancellationToken stop, params IReadOnlyList<HttpStatusCode> expected)
    {
        var started = time.GetTimestamp();
        var (pause, said) = (new DoublingPause(bounds.FirstPause, bounds.LongestPause), false);
        while (true)
        {
            Exception failure;
            using (var bound = new CancellationTokenSource(bounds.Call, time))
            using (var either = CancellationTokenSource.CreateLinkedTokenSource(stop, bound.Token))
            {
                try
                {
                    var answer = await call(either.Token);
                    _answered = true;
                    if (said)
                        say("The API server answers again.");
                    return answer;
                }
                catch (HttpOperationException exception) when (expected.Contains(exception.Response.StatusCode))
                {
                    _answered = true;
                    throw;
                }
                catch (Exception exception)
                {
                    // A connection that is cut off by the stop fails in many ways; all of them are the stop.
                    stop.ThrowIfCancellationRequested();
                    failure = exception;
                }
            }

            var waited = time.GetElapsedTime(started);
            if (!IsTransient(failure) || waited >= (_answered ? bounds.Outage : bounds.FirstContact))
                throw ClusterErrors.Of(what, failure);
            if (_answered && !said && waited >= Silence)
            {
                say($"The API server does not answer as it should ({ClusterErrors.Reason(failure)}); trying on.");
                said = true;
            }

            await Task.Delay(pause.Next(ClusterErrors.AskedPause(failure, time)), time, stop);
        }
    }

    private static bool IsTransient(Exception exception) => exception switch
    {
        HttpOperationException answer => answer.Response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout
            or >= HttpStatusCode.InternalServerError and not HttpStatusCode.NotImplemented,
        // A certificate that is not trusted now is not trusted in a second.
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => false,
        HttpRequestException or IOException or OperationCanceledException or JsonException => true,
        _ => false,
    };
}
