using System.Globalization;
using System.Text;
using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Api;
using AiCoder.Core.Tasks;
using AiCoder.Embedded;
using AiCoder.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Net.Http.Headers;

namespace AiCoder.Server.Http;

/// <summary>
/// A task's events as they come, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): the id is
/// the sequence, the event's name the status, the data the webhook's body. Ends after the task's last event.
/// </summary>
internal sealed class EventStream(EmbeddedHost host, TaskApi api, TaskServerSetup setup, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private const string MediaType = "text/event-stream";
    private const string LastEventId = "Last-Event-ID";

    // A task of another process on this journal tells this one nothing.
    private static readonly TimeSpan LookAtLeastEvery = TimeSpan.FromSeconds(1);

    /// <summary>Whether the client takes a stream; one that takes JSON as well gets the stream.</summary>
    public static bool IsWantedBy(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted)
        && accepted.Any(type => type.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase) && type.Quality is not 0);

    /// <summary>Opens a stream, or answers what is wrong with the request.</summary>
    /// <param name="taskId">The task.</param>
    /// <param name="request">Its Last-Event-ID counts before <paramref name="after"/>: a client that comes back repeats its address.</param>
    /// <param name="after">The sequence of the last event the client has.</param>
    /// <param name="cancellationToken">The client went away.</param>
    public async Task<IResult> OpenAsync(string taskId, HttpRequest request, string? after, CancellationToken cancellationToken)
    {
        var (from, name) = request.Headers[LastEventId] is [{ Length: > 0 } last] ? (last, LastEventId) : (after, nameof(after));
        // The same task, id and number as without a stream, so the same answer where one of them is wrong.
        var answer = await api.GetEventsAsync(taskId, from, cancellationToken, name);
        if (answer.Status != 200)
            return new ApiResult(answer);
        var sequence = string.IsNullOrEmpty(from) ? 0 : int.Parse(from, CultureInfo.InvariantCulture);
        // A browser comes back after a stream's end, until it is told that there is no more.
        if (await host.GetAsync(taskId, cancellationToken) is { HasEnded: true } && (await host.GetEventsAsync(taskId, sequence, cancellationToken)).Count == 0)
            return Results.NoContent();
        return new StreamResult(response => WriteAsync(taskId, sequence, response));
    }

    private async Task WriteAsync(string taskId, int sequence, HttpResponse response)
    {
        var client = response.HttpContext.RequestAborted;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(client, lifetime.ApplicationStopping);
        response.ContentType = MediaType;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        // nginx holds answers back otherwise.
        response.Headers["X-Accel-Buffering"] = "no";
        response.HttpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using var updates = host.Subscribe(taskId);
        try
        {
            await SendAsync(response, "retry: 2000\n\n", ending.Token);
            var spoke = time.GetTimestamp();
            while (true)
            {
                // First whether it has ended, then the events: so the last one is among them.
                var task = await host.GetAsync(taskId, ending.Token);
                var events = await host.GetEventsAsync(taskId, sequence, ending.Token);
                foreach (var one in events)
                {
                    await SendAsync(response, Frame(one), ending.Token);
                    (sequence, spoke) = (one.Sequence, time.GetTimestamp());
                }

                if (task is null or { HasEnded: true })
                    return;
                if (time.GetElapsedTime(spoke) >= setup.KeepAlive)
                {
                    await SendAsync(response, ": alive\n\n", ending.Token);
                    spoke = time.GetTimestamp();
                }

                await WaitForMoreAsync(updates, ending.Token);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The client went away, or the server stops and the client will come back with its Last-Event-ID.
        }
    }

    private async Task WaitForMoreAsync(ProgressSubscription updates, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pause = setup.KeepAlive < LookAtLeastEvery ? setup.KeepAlive : LookAtLeastEvery;
        using var timer = time.CreateTimer(_ => bound.Cancel(), null, pause, Timeout.InfiniteTimeSpan);
        try
        {
            // What an activity reports is no event; only where the workflow got to may be one.
            while (await updates.Reader.WaitToReadAsync(bound.Token))
            {
                var news = false;
                while (updates.Reader.TryRead(out var update))
                    news |= update.Status is not null || update.Result is not null;
                if (news)
                    return;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Time to look all the same.
        }
    }

    private sealed class StreamResult(Func<HttpResponse, Task> write) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => write(httpContext.Response);
    }

    private static string Frame(TaskEvent one) => string.Create(
        CultureInfo.InvariantCulture,
        $"id: {one.Sequence}\nevent: {AiCoderJson.NameOf(one.Status)}\ndata: {JsonSerializer.Serialize(one, AiCoderJson.Options)}\n\n");

    private static async Task SendAsync(HttpResponse response, string text, CancellationToken cancellationToken)
    {
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }
}
