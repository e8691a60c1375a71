using System.Text.RegularExpressions;
using AiCoder.Testing.Api;
using AiCoder.Testing.Processes;
using AiCoder.Testing.Tasks;

namespace AiCoder.Server.Tests.Infrastructure;

/// <summary>The real <c>aicoder serve</c>, which listens.</summary>
internal sealed partial class ServeProcess : IDisposable
{
    private ServeProcess(AiCoderProcess process, Uri address) => (Process, Client) = (process, ServedWorld.Client(address));

    public AiCoderProcess Process { get; }
    public HttpClient Client { get; }

    public static async Task<ServeProcess> StartAsync(TaskSurroundings around, IReadOnlyDictionary<string, string>? environment = null, bool readsQueue = false)
    {
        var variables = ServedWorld.Variables(around);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            variables[name] = value;
        var process = AiCoderProcess.Start(variables, ["serve", "--urls", "http://127.0.0.1:0", .. readsQueue ? new[] { "--queue" } : []]);
        try
        {
            await process.SaidAsync("listens on", TestContext.Current.CancellationToken);
            Match address;
            while (!(address = Address().Match(process.Error)).Success)
                await Task.Delay(10, TestContext.Current.CancellationToken);
            return new(process, new Uri(address.Groups[1].Value));
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    /// <summary>The API of this process, which ends before the world around it does.</summary>
    public ApiWorld WorldIn(TaskSurroundings around) => new(around, Client, around.Workspace, () =>
    {
        Dispose();
        return default;
    });

    public void Dispose()
    {
        Client.Dispose();
        Process.Dispose();
    }

    [GeneratedRegex(@"listens on (http://[^ \n]+)\n")]
    private static partial Regex Address();
}
