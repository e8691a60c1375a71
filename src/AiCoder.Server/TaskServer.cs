using AiCoder.Core.Api;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Embedded;
using AiCoder.Server.Access;
using AiCoder.Server.Hosting;
using AiCoder.Server.Http;
using AiCoder.Server.OpenApi;
using AiCoder.Server.Queue;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace AiCoder.Server;

/// <summary>The HTTP API on an embedded host: the one place where the service is put together.</summary>
public sealed class TaskServer : IAsyncDisposable
{
    // Of the web server's own stop: requests under way end within this, event streams at once.
    private static readonly TimeSpan DrainBound = TimeSpan.FromSeconds(5);

    private readonly WebApplication _app;
    private readonly EmbeddedService _service;
    private readonly TaskServerSetup _setup;
    private Task? _stopped;

    private TaskServer(WebApplication app, EmbeddedService service, TaskServerSetup setup) => (_app, _service, _setup) = (app, service, setup);

    /// <summary>Where it listens, with the real ports.</summary>
    public IReadOnlyList<Uri> Addresses => [.. _app.Urls.Select(url => new Uri(url))];

    /// <summary>The host, for whoever runs the server in its own process.</summary>
    public EmbeddedHost Tasks => _service.Tasks;

    /// <summary>Fires when the server is stopping, by whatever cause.</summary>
    public CancellationToken Stopping => _app.Lifetime.ApplicationStopping;

    /// <summary>Opens the journal, listens, and goes on with the tasks that are there.</summary>
    /// <exception cref="FailureException">
    /// <c>system/configuration</c>: an address can't be listened on, or must not be without AICODER_API_KEY; STATE_DIR or WORKSPACE_DIR
    /// can't be used; SANDBOX=kubernetes without a cluster; the queue is wanted and it is not said where it is.
    /// </exception>
    public static async Task<TaskServer> StartAsync(TaskServerSetup setup, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(setup);
        var listening = ListenAddresses.Parse(setup.Urls);
        if (setup.Options.ServiceKey is null)
            listening.RequireLoopback();

        var queue = setup.ReadsQueue ? new QueueService(setup, QueueStorage.Open(setup.Options)) : null;
        var service = EmbeddedService.Open(setup.Options, setup.Loggers, queue is null ? null : queue.ForgetAsync, setup.KubernetesSandbox);
        TaskServer? server = null;
        try
        {
            service.Sandbox.Open();
            server = new(Build(setup, service, listening, queue), service, setup);
            await server._app.StartAsync(cancellationToken);
            return server;
        }
        catch (Exception exception)
        {
            // The port is the last to be opened: by then tasks run and the queue is read.
            await (server?.DisposeAsync() ?? service.DisposeAsync());
            if (ListenAddresses.ProblemOf(exception) is { } problem)
                throw new FailureException(FailureCodes.Configuration, $"{setup.Urls} can't be listened on: {problem}", exception);
            throw;
        }
    }

    /// <summary>
    /// Takes no more requests, lets the activities come to a safe point within the bound, and lets go of the tasks that have not
    /// ended, for any process to go on with.
    /// </summary>
    public Task StopAsync() => _stopped ??= StopOnceAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _app.DisposeAsync();
        await _service.DisposeAsync();
    }

    private async Task StopOnceAsync()
    {
        using var bound = new CancellationTokenSource(_setup.StopBound + DrainBound);
        try
        {
            await _app.StopAsync(bound.Token);
        }
        catch (OperationCanceledException) when (bound.IsCancellationRequested)
        {
            // What is not gone by now loses no more than by a kill.
        }
    }

    private static WebApplication Build(TaskServerSetup setup, EmbeddedService service, ListenAddresses listening, QueueService? queue)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = TaskRequestReader.LargestRequest;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        });
        builder.WebHost.UseUrls(listening.Urls);

        var services = builder.Services;
        services.Configure<HostOptions>(host => host.ShutdownTimeout = setup.StopBound + DrainBound);
        services.AddSingleton<IHostLifetime, OwnerLifetime>();
        services.Replace(ServiceDescriptor.Singleton(setup.Loggers));
        services.AddSingleton(setup);
        services.AddSingleton(setup.Options);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(service);
        // Not the container's to dispose of: its owner stops it first.
        services.AddSingleton(service.Tasks);
        services.AddSingleton<ITaskHost, EmbeddedTasks>();
        services.AddSingleton<TaskApi>(given => new(setup.Options, given.GetRequiredService<ITaskHost>(), service.Workspaces, TimeProvider.System));
        services.AddSingleton<ServiceKey>();
        services.AddSingleton<EventStream>();
        services.AddRouting();
        services.AddRequestLimits(setup.Options);
        services.AddApiDescription();
        services.AddHostedService<TaskService>();
        services.AddHostedService<TaskMaintenance>();
        if (queue is not null)
            services.AddSingleton<IHostedService>(given => queue.Of(service.Tasks, given.GetRequiredService<IHostApplicationLifetime>()));
        setup.AddServices(services);

        var app = builder.Build();
        app.UseMiddleware<ProblemMiddleware>();
        app.UseRouting();
        app.UseRateLimiter();
        app.UseMiddleware<AccessMiddleware>();
        app.MapTasks();
        app.MapApiDescription();
        return app;
    }
}
