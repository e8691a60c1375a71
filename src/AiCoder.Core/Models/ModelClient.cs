using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Network;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Telemetry;
using OpenAI.Chat;

namespace AiCoder.Core.Models;

/// <summary>
/// Asks one model. Every endpoint is spoken to by the client library's protocol method, so that what differs between endpoints
/// (fields a model refuses, chunks that are a little off) is ours to handle. Nothing is retried here: the workflow waits, durably.
/// </summary>
public sealed class ModelClient(
    ModelEndpoint endpoint,
    ChatClient chat,
    EndpointTraits traits,
    ToolCallMode toolCalls,
    ModelTimeouts timeouts,
    ModelPrices prices,
    SecretRedactor redactor,
    TimeProvider time,
    DailyCeilings? daily = null)
{
    private const int ErrorBodyLimit = 64 * 1024;

    private Usage _last = Usage.Zero;

    /// <summary>Where it asks.</summary>
    public ModelEndpoint Endpoint => endpoint;

    /// <summary>What it was found not to take.</summary>
    public EndpointTraits Traits => traits;

    /// <summary>How the operator wants tools to be called.</summary>
    public ToolCallMode ToolCalls => toolCalls;

    /// <summary>The price of its model; null: not known.</summary>
    public ModelPrice? Price => prices.Find(endpoint.Model);

    /// <summary>Refuses a model whose price is not known where the operator's daily ceiling on cost is to be kept.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>.</exception>
    public void RequirePrice() => daily?.RequirePrice(endpoint, Price);

    /// <summary>One question, one complete answer, within the operator's daily ceilings.</summary>
    /// <exception cref="FailureException">
    /// <c>limit_tokens</c> and <c>limit_cost</c>: a daily ceiling is reached, and nothing was asked;
    /// <c>rate_limited</c> and <c>server_error</c> (with the wait that was asked for), <c>timeout</c>, <c>refused</c>, <c>reset</c>,
    /// <c>invalid_token</c>, <c>forbidden</c>, <c>model_unusable</c>, …
    /// </exception>
    /// <exception cref="ContextTooLongException">The conversation is longer than the model takes.</exception>
    /// <exception cref="ToolsRefusedException">The request offers tools, and the endpoint takes none.</exception>
    public async Task<ModelAnswer> CompleteAsync(ModelRequest request, CancellationToken cancellationToken)
    {
        if (daily is null)
            return await TracedAsync(request, cancellationToken).ConfigureAwait(false);
        if (await daily.CheckAsync(endpoint, _last, cancellationToken).ConfigureAwait(false) is { } reached)
            throw new FailureException(reached);
        var answer = await TracedAsync(request, cancellationToken).ConfigureAwait(false);
        _last = answer.Usage;
        await daily.RecordAsync(endpoint, answer.Usage).ConfigureAwait(false);
        return answer;
    }

    private async Task<ModelAnswer> TracedAsync(ModelRequest request, CancellationToken cancellationToken)
    {
        using var call = new ModelSpan(endpoint, time);
        try
        {
            var answer = await AskOrRelearnAsync(request, cancellationToken).ConfigureAwait(false);
            call.Answered(answer);
            return answer;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            call.Interrupted();
            throw;
        }
        catch (Exception exception)
        {
            call.Failed(exception);
            throw;
        }
    }

    /// <summary>An answer that was read anew, without secrets; see <see cref="ModelAnswer.Redacted"/>.</summary>
    internal ModelAnswer Redact(ModelAnswer answer) => answer.Redacted(redactor);

    private async Task<ModelAnswer> AskOrRelearnAsync(ModelRequest request, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var answer = await AskAsync(request, cancellationToken).ConfigureAwait(false);
                return answer.Redacted(redactor) with { Usage = prices.Priced(endpoint.Model, answer.Usage) };
            }
            catch (FailureException failure) when (Learned(failure.Failure))
            {
                // The same again without what it refused; each is learned once.
            }
            catch (FailureException failure) when (failure.Failure.Code == FailureCodes.ContentRefused)
            {
                // Whether a filter looked at the question or at the answer makes no difference to whoever asked.
                return new() { FinishReason = "content_filter", Refusal = redactor.Redact(failure.Failure.Message), Usage = Usage.Zero with { Turns = 1 } };
            }
        }
    }

    private bool Learned(Failure failure)
    {
        if (failure.Code is not (FailureCodes.ModelUnusable or FailureCodes.ServerError))
            return false;
        if (!traits.UsageRefused && !traits.StreamRefused && failure.Message.Contains("stream_options", StringComparison.OrdinalIgnoreCase))
            return traits.UsageRefused = true;
        if (!traits.StreamRefused && failure.Code == FailureCodes.ModelUnusable && ModelErrors.RefusesStream(failure.Message))
            return traits.StreamRefused = true;
        return false;
    }

    private async Task<ModelAnswer> AskAsync(ModelRequest request, CancellationToken cancellationToken)
    {
        var streams = !traits.StreamRefused;
        using var watch = new StreamWatch(timeouts, streams, time, cancellationToken);
        try
        {
            using var content = BinaryContent.Create(BinaryData.FromBytes(ModelWire.Write(request, endpoint.Model, streams, includeUsage: !traits.UsageRefused)));
            var options = new RequestOptions
            {
                BufferResponse = false,
                ErrorOptions = ClientErrorBehaviors.NoThrow,
                CancellationToken = watch.Token,
            };
            var result = await chat.CompleteChatAsync(content, options).ConfigureAwait(false);
            using var response = result.GetRawResponse();
            return response.Status == 200
                ? await ReadAsync(request, response, watch).ConfigureAwait(false)
                : throw await ErrorAsync(response, request.Tools.Count > 0, watch.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && watch.Expired is { } bound)
        {
            throw ModelErrors.Silent(endpoint, bound.Phase, bound.After);
        }
        catch (Exception exception) when (Failed(exception) is { } failure)
        {
            throw failure;
        }
    }

    private async Task<ModelAnswer> ReadAsync(ModelRequest request, PipelineResponse response, StreamWatch watch)
    {
        var stream = new AnswerStream(response.ContentStream ?? Stream.Null, endpoint);
        await using var closing = stream.ConfigureAwait(false);
        var builder = new AnswerBuilder();
        if (response.Headers.TryGetValue("Content-Type", out var type) && type?.Contains("json", StringComparison.OrdinalIgnoreCase) == true)
        {
            // It was asked to stream and answered whole.
            using var document = await ParseAsync(stream, watch.Token).ConfigureAwait(false);
            builder.Add(document.RootElement, endpoint);
            return builder.Any || builder.Finished ? builder.Build(request) : throw ModelErrors.NotAnAnswer(endpoint, document.RootElement.GetRawText());
        }

        var done = false;
        var events = 0;
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(watch.Token).ConfigureAwait(false))
        {
            watch.Heard();
            events++;
            if (item.Data == "[DONE]")
            {
                done = true;
                break;
            }

            AddChunk(builder, item.Data);
        }

        if (events == 0)
            throw ModelErrors.NotAnAnswer(endpoint, "");
        return done || builder.Finished ? builder.Build(request) : throw ModelErrors.Incomplete(endpoint);
    }

    private void AddChunk(AnswerBuilder builder, string data)
    {
        try
        {
            using var chunk = JsonDocument.Parse(data);
            builder.Add(chunk.RootElement, endpoint);
        }
        catch (JsonException)
        {
            throw ModelErrors.NotAnAnswer(endpoint, data);
        }
    }

    private async Task<JsonDocument> ParseAsync(Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            return await JsonDocument.ParseAsync(stream, default, cancellationToken).ConfigureAwait(false);
        }
        catch (JsonException exception)
        {
            throw ModelErrors.NotAnAnswer(endpoint, exception.Message);
        }
    }

    private async Task<Exception> ErrorAsync(PipelineResponse response, bool withTools, CancellationToken cancellationToken)
    {
        var body = await ReadTextAsync(response.ContentStream ?? Stream.Null, cancellationToken).ConfigureAwait(false);
        return ModelErrors.OfStatus(endpoint, response.Status, body, RetryAfter.Of(response.Headers, time), withTools);
    }

    private static async Task<string> ReadTextAsync(Stream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[ErrorBodyLimit];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    /// <summary>The failure that an exception of the transport stands for, with the endpoint's name; null: not the transport's.</summary>
    private FailureException? Failed(Exception exception)
    {
        var cause = exception is ClientResultException or AggregateException ? exception.InnerException ?? exception : exception;
        switch (cause)
        {
            case FailureException or ContextTooLongException or ToolsRefusedException or OperationCanceledException:
                return null;
            case HttpRequestException { InnerException: FailureException inner }:
                return inner;
            case HttpIOException or IOException:
                return ModelErrors.Incomplete(endpoint, cause);
            default:
                var failure = FailureMapping.From(cause);
                if (failure.Code == FailureCodes.Reset)
                    return ModelErrors.Incomplete(endpoint, cause);
                return failure.Category != FailureCategory.Network
                    ? null
                    : new FailureException(failure with { Message = $"The model endpoint {endpoint.Address.Host} can't be reached: {failure.Message}. Check {endpoint.AddressSetting}." }, cause);
        }
    }
}
