using AiCoder.Testing.Api;
using AiCoder.Testing.Tasks;

namespace AiCoder.Functions.Tests.Hosting;

/// <summary>The contract of the HTTP API, on a real Functions host. Skipped where there is none.</summary>
public sealed class FunctionsApiTests(SharedFunctionsHost shared) : TaskApiContract, IClassFixture<SharedFunctionsHost>
{
    protected override async Task<ApiWorld> CreateWorldAsync(TaskSurroundings around)
    {
        if (shared.Problem is { } problem)
        {
            await around.DisposeAsync();
            Assert.Skip(problem);
        }

        return new(around, shared.NewClient(), shared.WorkspaceDir, () => ValueTask.CompletedTask);
    }
}
