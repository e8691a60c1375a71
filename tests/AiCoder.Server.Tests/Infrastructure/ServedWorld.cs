using AiCoder.Core.Configuration;
using AiCoder.Demo;
using AiCoder.Testing.Api;
using AiCoder.Testing.Tasks;

namespace AiCoder.Server.Tests.Infrastructure;

/// <summary>A server in this process, on a free port, with everything that its tasks need.</summary>
internal static class ServedWorld
{
    public const string Key = "key-of-the-service-0123456789";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The world of a server.</summary>
    /// <param name="script">What the model answers; null: what mends the project.</param>
    /// <param name="environment">Variables besides the usual ones.</param>
    /// <param name="setup">Changes what the server is made of.</param>
    public static async Task<ApiWorld> CreateAsync(
        Func<ScriptedRequest, ScriptedReply>? script = null,
        IReadOnlyDictionary<string, string>? environment = null,
        Func<TaskServerSetup, TaskServerSetup>? setup = null) =>
        await AroundAsync(await TaskSurroundings.CreateAsync(script, cancellationToken: Cancel), environment, setup);

    /// <inheritdoc cref="CreateAsync"/>
    public static async Task<ApiWorld> AroundAsync(
        TaskSurroundings around,
        IReadOnlyDictionary<string, string>? environment = null,
        Func<TaskServerSetup, TaskServerSetup>? setup = null)
    {
        var server = await TaskServer.StartAsync((setup ?? (made => made))(Setup(around, environment)), Cancel);
        return new(around, Client(server.Addresses[0]), around.Workspace, server.DisposeAsync);
    }

    public static TaskServerSetup Setup(TaskSurroundings around, IReadOnlyDictionary<string, string>? environment = null)
    {
        var variables = Variables(around);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            variables[name] = value;
        return new()
        {
            Options = EnvironmentReader.Read(variables.GetValueOrDefault, callerIsOperator: false),
            Urls = "http://127.0.0.1:0",
            StopBound = TimeSpan.FromSeconds(5),
        };
    }

    /// <summary>What a service is started with here: what a child process gets, and what makes it take our requests.</summary>
    public static Dictionary<string, string> Variables(TaskSurroundings around)
    {
        var variables = around.NewEnvironment();
        // Requests bring their own.
        variables.Remove("WEBHOOK_URL");
        variables.Remove("WEBHOOK_SECRET");
        variables["ALLOWED_NETWORKS"] = "127.0.0.1";
        variables["AICODER_API_KEY"] = Key;
        variables["REQUESTS_PER_MINUTE"] = "100000";
        return variables;
    }

    public static HttpClient Client(Uri address, string? key = Key)
    {
        var client = new HttpClient { BaseAddress = address };
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        return client;
    }
}
