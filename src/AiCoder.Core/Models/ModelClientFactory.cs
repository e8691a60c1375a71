using System.ClientModel;
using System.ClientModel.Primitives;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using AiCoder.Core.Configuration;
using AiCoder.Core.Network;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using Azure.AI.OpenAI;
using Azure.Core;
using Azure.Identity;
using OpenAI;
using OpenAI.Chat;

namespace AiCoder.Core.Models;

/// <summary>Makes the client of a task's model. Connections are shared by all tasks of the process.</summary>
public sealed class ModelClientFactory : IDisposable
{
    // Callers may name addresses without end.
    private const int MostTraits = 1_000;

    private readonly AiCoderOptions _options;
    private readonly TimeProvider _time;
    private readonly ModelTimeouts _timeouts;
    private readonly ModelPrices _prices;
    private readonly DailyCeilings? _daily;
    private readonly ConcurrentDictionary<AddressTrust, Lazy<HttpClient>> _http = new();
    private readonly ConcurrentDictionary<(ModelEndpointKind Kind, Uri Address, string Model, AddressTrust Trust), EndpointTraits> _traits = new();
    private readonly AddressGuard _guard;
    private readonly Lazy<TokenCredential> _azureCredential;

    /// <param name="options">The operator's endpoint and key.</param>
    /// <param name="guard">Checks every address that is connected to.</param>
    /// <param name="time">For the bounds.</param>
    /// <param name="timeouts">Null: the defaults.</param>
    /// <param name="prices">Null: the operator's, then the built-in table.</param>
    /// <param name="azureCredential">Null: DefaultAzureCredential, made at the first request that needs it.</param>
    /// <param name="daily">What all tasks together may spend; null: nothing is counted.</param>
    public ModelClientFactory(
        AiCoderOptions options,
        AddressGuard guard,
        TimeProvider time,
        ModelTimeouts? timeouts = null,
        ModelPrices? prices = null,
        Func<TokenCredential>? azureCredential = null,
        DailyCeilings? daily = null)
    {
        _options = options;
        _guard = guard;
        _time = time;
        _timeouts = timeouts ?? new();
        _prices = prices ?? new(options.ModelPrices);
        _daily = daily;
        _azureCredential = new(azureCredential ?? DefaultCredential);
    }

    /// <summary>The client for a task.</summary>
    /// <exception cref="Failures.FailureException"><c>system/configuration</c>: a caller's address without its key.</exception>
    public ModelClient Create(TaskSpec spec, TaskSecrets secrets)
    {
        var endpoint = ModelEndpointResolver.Resolve(_options, spec, secrets);
        var transport = new HttpClientPipelineTransport(_http.GetOrAdd(endpoint.Trust, trust => new(() => _guard.CreateClient(trust))).Value);
        var chat = endpoint.Kind == ModelEndpointKind.OpenAi ? OpenAi(endpoint, transport) : Azure(endpoint, transport);
        return new ModelClient(endpoint, chat, TraitsOf(endpoint), _options.ToolCalls, _timeouts, _prices, SecretRedactor.OfSure(_options, secrets), _time, _daily);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var client in _http.Values.Where(client => client.IsValueCreated))
            client.Value.Dispose();
    }

    // The key is no part of it: what an endpoint takes does not depend on who asks.
    private EndpointTraits TraitsOf(ModelEndpoint endpoint)
    {
        if (_traits.Count >= MostTraits)
            _traits.Clear();
        return _traits.GetOrAdd((endpoint.Kind, endpoint.Address, endpoint.Model, endpoint.Trust), _ => new());
    }

    private static ChatClient OpenAi(ModelEndpoint endpoint, PipelineTransport transport)
    {
        var options = new OpenAIClientOptions { Endpoint = endpoint.Address };
        Configure(options, transport);
        // The library wants a key; endpoints that want none don't look at it.
        return new ChatClient(endpoint.Model, new ApiKeyCredential(string.IsNullOrEmpty(endpoint.Key) ? "none" : endpoint.Key), options);
    }

    // Apart, so that nothing of Azure is loaded where it is not configured.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ChatClient Azure(ModelEndpoint endpoint, PipelineTransport transport)
    {
        var options = new AzureOpenAIClientOptions(AzureOpenAIClientOptions.ServiceVersion.V2024_10_21);
        Configure(options, transport);
        var client = endpoint.Key is { } key
            ? new AzureOpenAIClient(endpoint.Address, new ApiKeyCredential(key), options)
            : new AzureOpenAIClient(endpoint.Address, _azureCredential.Value, options);
        return client.GetChatClient(endpoint.Model);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static DefaultAzureCredential DefaultCredential() => new DefaultAzureCredential();

    private static void Configure(ClientPipelineOptions options, PipelineTransport transport)
    {
        options.Transport = transport;
        // The workflow waits and tries again, durably; and our own bounds know a stream's silence from its end.
        options.RetryPolicy = new ClientRetryPolicy(0);
        options.NetworkTimeout = Timeout.InfiniteTimeSpan;
    }
}
