using System.Net;
using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Failures;
using AiCoder.Core.Network;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace AiCoder.Kubernetes.Clusters;

/// <summary>What the API server's refusals mean to a person.</summary>
internal static class ClusterErrors
{
    private const int LongestReason = 1000;

    /// <summary>The failure that an exception of a call stands for.</summary>
    public static FailureException Of(string what, Exception exception)
    {
        if (exception is FailureException known)
            return known;
        if (exception is not HttpOperationException answer)
            return OfConnection(what, exception);
        var reason = Reason(exception);
        return answer.Response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => new(
                FailureCodes.InvalidToken,
                $"{what} failed: the API server does not accept the credentials of the kubeconfig's context, or in a pod those of its service account ({reason}). Sign in again; on AKS: az aks get-credentials.",
                exception),
            HttpStatusCode.Forbidden => new(
                FailureCodes.Forbidden,
                $"{what} failed: {reason}. Give the user or service account that right; docs/kubernetes-run.md and docs/kubernetes-sandbox.md list what is needed.",
                exception),
            HttpStatusCode.TooManyRequests => new(FailureCodes.RateLimited, $"{what} failed: the API server is overloaded: {reason}", exception),
            >= HttpStatusCode.InternalServerError => new(FailureCodes.ServerError, $"{what} failed: {reason}", exception),
            // What the server finds wrong with what it was sent stands on the command line.
            _ => new(FailureCodes.Configuration, $"{what} failed: {reason}", exception),
        };
    }

    /// <summary>In the server's own words.</summary>
    public static string Reason(Exception exception)
    {
        if (exception is OperationCanceledException)
            return "no answer in time";
        if (exception is not HttpOperationException answer)
            return exception.Message;
        var message = StatusOf(answer)?.Message;
        if (string.IsNullOrWhiteSpace(message))
            message = answer.Response.Content is { Length: > 0 } content ? content.Trim() : answer.Response.ReasonPhrase;
        var text = string.IsNullOrWhiteSpace(message) ? $"HTTP {(int)answer.Response.StatusCode}" : $"{message} (HTTP {(int)answer.Response.StatusCode})";
        return TextLimit.Cut(text, LongestReason);
    }

    /// <summary>How long the server asks to wait.</summary>
    public static TimeSpan? AskedPause(Exception exception, TimeProvider time) =>
        exception is HttpOperationException { Response.Headers: { } headers }
            ? RetryAfter.Of(name => headers.TryGetValue(name, out var values) ? values.FirstOrDefault() : null, time)
            : null;

    private static FailureException OfConnection(string what, Exception exception)
    {
        var failure = FailureMapping.From(exception);
        return failure.Code switch
        {
            FailureCodes.HostNotFound or FailureCodes.Refused or FailureCodes.Timeout or FailureCodes.Reset => new(
                failure with { Message = $"{what} failed: the API server can't be reached: {Reason(exception)}. Check the kubeconfig's address, the cluster and the network." },
                exception),
            FailureCodes.Tls => new(
                failure with { Message = $"{what} failed: the API server's certificate is not trusted: {Reason(exception)}. Check certificate-authority in the kubeconfig." },
                exception),
            _ => new(failure with { Message = $"{what} failed: {failure.Message}" }, exception),
        };
    }

    private static V1Status? StatusOf(HttpOperationException exception)
    {
        try
        {
            return KubernetesJson.Deserialize<V1Status>(exception.Response.Content);
        }
        catch (Exception other) when (other is JsonException or ArgumentException or NotSupportedException)
        {
            // A proxy in between answers in HTML.
            return null;
        }
    }
}
