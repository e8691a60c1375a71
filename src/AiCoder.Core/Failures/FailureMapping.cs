using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;

namespace AiCoder.Core.Failures;

/// <summary>Which failure an exception of the platform stands for.</summary>
public static class FailureMapping
{
    // errno values, from Linux's errno-base.h; the low 16 bits of an IOException's HResult on Unix.
    private const int NoSpaceLeft = 28;
    private const int QuotaExceeded = 122;

    /// <summary>The failure that an exception carries or stands for; <c>system/unhandled</c> where nothing better is known.</summary>
    public static Failure From(Exception exception) => exception switch
    {
        FailureException failure => failure.Failure,
        HttpRequestException http => From(http),
        SocketException socket => From(socket, socket.Message),
        AuthenticationException tls => Failure.Of(FailureCodes.Tls, tls.Message),
        IOException { InnerException: SocketException socket } io => From(socket, io.Message),
        IOException io when IsDiskFull(io) =>
            Failure.Of(FailureCodes.DiskFull, $"No space is left on the disk: {io.Message} Free some, or move WORKSPACE_DIR."),
        UnauthorizedAccessException access =>
            Failure.Of(FailureCodes.Configuration, $"{access.Message} Give the user that runs AiCoder the right to it."),
        OutOfMemoryException memory => Failure.Of(FailureCodes.OutOfMemory, memory.Message),
        TimeoutException timeout => Failure.Of(FailureCodes.Timeout, timeout.Message),
        // A bound of our own that the code below did not turn into a failure; the caller's tokens were looked at before.
        OperationCanceledException cancelled => Failure.Of(FailureCodes.Timeout, cancelled.Message),
        _ => Failure.Of(FailureCodes.Unhandled, $"{exception.GetType().Name}: {exception.Message}"),
    };

    private static bool IsDiskFull(IOException exception) => (exception.HResult & 0xFFFF) is NoSpaceLeft or QuotaExceeded;

    private static Failure From(HttpRequestException exception) => exception switch
    {
        { InnerException: FailureException inner } => inner.Failure,
        { InnerException: SocketException socket } => From(socket, exception.Message),
        { HttpRequestError: HttpRequestError.NameResolutionError } => Failure.Of(FailureCodes.HostNotFound, exception.Message),
        { HttpRequestError: HttpRequestError.SecureConnectionError } => Failure.Of(FailureCodes.Tls, exception.Message),
        { StatusCode: HttpStatusCode.Unauthorized } => Failure.Of(FailureCodes.InvalidToken, exception.Message),
        { StatusCode: HttpStatusCode.Forbidden } => Failure.Of(FailureCodes.Forbidden, exception.Message),
        { StatusCode: HttpStatusCode.TooManyRequests } => Failure.Of(FailureCodes.RateLimited, exception.Message),
        { StatusCode: >= HttpStatusCode.InternalServerError } => Failure.Of(FailureCodes.ServerError, exception.Message),
        _ => Failure.Of(FailureCodes.Reset, exception.Message),
    };

    private static Failure From(SocketException exception, string message) => exception.SocketErrorCode switch
    {
        SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData => Failure.Of(FailureCodes.HostNotFound, message),
        SocketError.ConnectionRefused => Failure.Of(FailureCodes.Refused, message),
        SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable => Failure.Of(FailureCodes.Timeout, message),
        _ => Failure.Of(FailureCodes.Reset, message),
    };
}
