using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiCoder.Functions.Tests.Hosting;

public sealed class StartupCheckTests
{
    [Fact]
    public async Task A_worker_whose_sandbox_has_no_cluster_does_not_start()
    {
        using var folder = new TemporaryFolder();
        var options = new AiCoderOptions { WorkspaceDir = folder["workspace"], StateDir = folder["state"], Sandbox = SandboxKind.Kubernetes };
        var sandbox = SandboxFactory.Create(
            options, new ProcessRunner(TimeProvider.System), SecretRedactor.None, (_, _, _) => throw new FailureException(FailureCodes.Configuration, "No cluster is configured."));
        await using var services = new ServiceCollection().AddSingleton(options).AddSingleton(sandbox).BuildServiceProvider();

        var failure = await Assert.ThrowsAsync<FailureException>(
            () => new StartupCheck(services, NullLogger<StartupCheck>.Instance).StartAsync(TestContext.Current.CancellationToken));

        Assert.Equal(FailureCodes.Configuration, failure.Failure.Code);
    }
}
