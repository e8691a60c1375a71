using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;

namespace AiCoder.Functions.Tests.Hosting;

/// <summary>
/// The published app on a real Functions host, as child processes. Which host is named by <c>FUNCTIONS_HOST</c>: Azure Functions Core
/// Tools (a file called <c>func</c>), or a program that is called with the app's folder and a port. A key that the host wants stands in
/// <c>FUNCTIONS_HOST_KEY</c>.
/// </summary>
internal sealed class FunctionsHostProcess : IAsyncDisposable
{
    public const string Variable = "FUNCTIONS_HOST";
    public const string KeyVariable = "FUNCTIONS_HOST_KEY";
    private const string Mark = "AICODER_TEST_HOST";

    private static readonly TimeSpan StartBound = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan StopBound = TimeSpan.FromSeconds(60);
    private static readonly Lazy<Task<string>> App = new(PublishAsync);

    private readonly string _mark = Guid.NewGuid().ToString("n");
    private readonly Uri _address;
    private readonly Process _process;
    private readonly StringBuilder _log = new();

    private FunctionsHostProcess(string app, int port, IReadOnlyDictionary<string, string> environment)
    {
        var core = Path.GetFileName(Program) == "func";
        string[] arguments = core ? ["start", "--no-build", "--port", Text(port)] : [app, Text(port)];
        var start = new ProcessStartInfo(Program!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = app };
        start.Environment.Clear();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        start.Environment["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated";
        start.Environment[KeyVariable] = Key;
        // Host and worker are children of different parents after a kill; by this each is found again.
        start.Environment[Mark] = _mark;
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{Program} did not start.");
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => Read(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _address = new Uri($"http://127.0.0.1:{port}");
        Client = NewClient();
    }

    /// <summary>The host's program; null: there is none.</summary>
    public static string? Program => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } program ? program : null;

    /// <summary>Why tests on the host are skipped.</summary>
    public const string Missing = $"There is no Functions host: name one in {Variable} (and build with FunctionsPackages=true).";

    /// <summary>Shows the key.</summary>
    public HttpClient Client { get; }

    /// <summary>What host and worker printed.</summary>
    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    private static string Key => Environment.GetEnvironmentVariable(KeyVariable) is { Length: > 0 } key ? key : "test-function-key-0123456789";

    /// <summary>Another client that shows the key.</summary>
    public HttpClient NewClient()
    {
        var client = new HttpClient { BaseAddress = _address, Timeout = TimeSpan.FromSeconds(60) };
        client.DefaultRequestHeaders.Add("x-functions-key", Key);
        return client;
    }

    /// <summary>Starts host and worker, and waits until tasks can be taken.</summary>
    /// <param name="environment">The app's settings, whole.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<FunctionsHostProcess> StartAsync(IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var app = await App.Value.WaitAsync(cancellationToken);
        var host = new FunctionsHostProcess(app, FreePort(), environment);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(StartBound);
        try
        {
            while (!await host.IsReadyAsync(bound.Token))
            {
                if (host._process.HasExited)
                    throw new InvalidOperationException("The Functions host ended.");
                await Task.Delay(200, bound.Token);
            }

            return host;
        }
        catch (Exception exception)
        {
            var log = host.Log;
            await host.DisposeAsync();
            throw new InvalidOperationException($"The Functions host did not come up:\n{log[^Math.Min(log.Length, 8000)..]}", exception);
        }
    }

    /// <summary>kill -9 of the worker; the host lives and starts another.</summary>
    public void KillWorker()
    {
        foreach (var worker in Marked().Where(process => process.Id != _process.Id && Arguments(process.Id).Contains("AiCoder.Functions.dll", StringComparison.Ordinal)))
            worker.Kill();
    }

    /// <summary>SIGTERM to the host, as a pod's end brings it, and waits until it is gone.</summary>
    public async Task StopAsync()
    {
        using var signal = Process.Start("kill", ["-TERM", Text(_process.Id)]);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(StopBound);
        await KillAsync();
    }

    /// <summary>kill -9 of host and worker.</summary>
    public async Task KillAsync()
    {
        foreach (var process in Marked())
            process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await KillAsync();
        _process.Dispose();
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await Client.GetAsync(new Uri("/api/health", UriKind.Relative), cancellationToken);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private IEnumerable<Process> Marked()
    {
        var wanted = $"{Mark}={_mark}";
        foreach (var process in Process.GetProcesses())
        {
            if (Read(process.Id, "environ").Contains(wanted, StringComparison.Ordinal))
                yield return process;
            else
                process.Dispose();
        }
    }

    private static string Arguments(int process) => Read(process, "cmdline");

    private static string Read(int process, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/{file}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It has ended, or is another user's.
            return "";
        }
    }

    private void Read(string? line)
    {
        if (line is null)
            return;
        lock (_log)
            _log.AppendLine(line);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<string> PublishAsync()
    {
        var folder = Path.Combine(Root(), "artifacts", "functions-app");
        var start = new ProcessStartInfo("dotnet", ["publish", Path.Combine(Root(), "src", "AiCoder.Functions"), "-c", "Release", "-o", folder, "-v", "quiet", "-nologo"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start.");
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? folder : throw new InvalidOperationException($"The app could not be published:\n{await output}\n{await error}");
    }

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
