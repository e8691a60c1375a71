using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace AiCoder.Server.Tests.Infrastructure;

/// <summary>One server-sent event.</summary>
internal sealed record SseEvent(int Id, string Name, JsonObject Data);

/// <summary>Reads a stream of server-sent events as a client of its own would: a line at a time.</summary>
internal sealed class SseReader : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private SseReader(HttpResponseMessage response, StreamReader lines) => (_response, _lines) = (response, lines);

    /// <summary>Comments so far.</summary>
    public int Comments { get; private set; }

    public HttpResponseMessage Response => _response;

    public static async Task<SseReader> OpenAsync(HttpClient client, string taskId, int? lastEventId = null)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"api/tasks/{taskId}/events");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (lastEventId is { } last)
            request.Headers.Add("Last-Event-ID", last.ToString(System.Globalization.CultureInfo.InvariantCulture));
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        return new(response, new StreamReader(await response.Content.ReadAsStreamAsync(cancel)));
    }

    /// <summary>The next event; null at the stream's end.</summary>
    public async Task<SseEvent?> NextAsync()
    {
        string? id = null, name = null, data = null;
        while (await _lines.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.Length == 0 && data is not null)
                return new(int.Parse(id!, System.Globalization.CultureInfo.InvariantCulture), name!, JsonNode.Parse(data)!.AsObject());
            if (line.StartsWith(':'))
                Comments++;
            else if (line.Split(": ", 2) is [var field, var value])
                _ = field switch { "id" => id = value, "event" => name = value, "data" => data = value, _ => null };
        }

        return null;
    }

    public async Task<List<SseEvent>> RestAsync()
    {
        var events = new List<SseEvent>();
        while (await NextAsync() is { } one)
            events.Add(one);
        return events;
    }

    /// <summary>Waits for a comment.</summary>
    public async Task CommentAsync()
    {
        while (await _lines.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.StartsWith(':'))
                return;
        }

        Assert.Fail("The stream ended without a comment.");
    }

    public void Dispose()
    {
        _lines.Dispose();
        _response.Dispose();
    }
}
