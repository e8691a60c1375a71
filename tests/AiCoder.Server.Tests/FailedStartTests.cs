using System.Net;
using System.Net.Sockets;
using AiCoder.Core.Failures;
using AiCoder.Server.Tests.Infrastructure;
using AiCoder.Testing.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AiCoder.Server.Tests;

public sealed class FailedStartTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_can_not_listen_stops_what_it_had_begun()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        await using var around = await TaskSurroundings.CreateAsync(cancellationToken: Cancel);
        var begun = new List<Intake>();
        var setup = ServedWorld.Setup(around) with
        {
            Urls = $"http://{taken.LocalEndpoint}",
            AddServices = services => services.AddSingleton<IHostedService>(given => new Intake(given.GetRequiredService<IHostApplicationLifetime>(), begun)),
        };

        await Assert.ThrowsAsync<FailureException>(() => TaskServer.StartAsync(setup, Cancel));

        Assert.True(Assert.Single(begun).IsStopped);
    }

    /// <summary>Runs, as the queue's does, until the server stops.</summary>
    private sealed class Intake(IHostApplicationLifetime lifetime, List<Intake> begun) : IHostedService
    {
        public bool IsStopped { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            begun.Add(this);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            IsStopped = lifetime.ApplicationStopping.IsCancellationRequested;
            return Task.CompletedTask;
        }
    }
}
