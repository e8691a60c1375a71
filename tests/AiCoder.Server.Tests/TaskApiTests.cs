using AiCoder.Server.Tests.Infrastructure;
using AiCoder.Testing.Api;
using AiCoder.Testing.Tasks;

namespace AiCoder.Server.Tests;

/// <summary>The contract of the HTTP API, on the embedded host.</summary>
public sealed class TaskApiTests : TaskApiContract
{
    protected override Task<ApiWorld> CreateWorldAsync(TaskSurroundings around) => ServedWorld.AroundAsync(around);
}
