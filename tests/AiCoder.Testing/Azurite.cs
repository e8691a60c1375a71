using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace AiCoder.Testing;

/// <summary>
/// A real Azurite (Azure Storage's emulator) on free ports of 127.0.0.1, with an account of its own for each test. It goes when the process
/// of the tests goes, however that ends.
/// </summary>
public sealed partial class Azurite : IAsyncDisposable
{
    /// <summary>Names <c>azurite.js</c>; without it, the one that scripts/setup.sh puts into artifacts/azurite is taken.</summary>
    public const string Variable = "AICODER_AZURITE";

    /// <summary>For <c>Assert.Skip</c> where <see cref="Program"/> is null.</summary>
    public const string Missing = "There is no Azurite: scripts/setup.sh test puts it into artifacts/azurite, or set AICODER_AZURITE to its azurite.js.";

    private const string Installed = "artifacts/azurite/node_modules/azurite/dist/src/azurite.js";
    private const int Accounts = 64;
    private static readonly TimeSpan StartBound = TimeSpan.FromMinutes(3);

    // Standard input is held open by the process of the tests alone, so its end is that one's end.
    private const string Watch = "process.stdin.on('end', () => process.exit(0)).resume();";

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<(string Name, string Key)> _accounts = new(Enumerable.Range(1, Accounts)
        .Select(number => (string.Create(CultureInfo.InvariantCulture, $"account{number}"), Convert.ToBase64String(RandomNumberGenerator.GetBytes(64)))));

    private readonly string _environment;
    private readonly IReadOnlyList<string> _arguments;
    private Process? _process;

    private Azurite(IReadOnlyList<string> arguments)
    {
        _arguments = arguments;
        _environment = string.Join(';', _accounts.Select(account => $"{account.Name}:{account.Key}"));
    }

    public int BlobPort { get; private set; }

    public int QueuePort { get; private set; }

    public int TablePort { get; private set; }

    /// <summary>Where azurite.js is; null where the machine has none.</summary>
    public static string? Program
    {
        get
        {
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
                return named;
            for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            {
                if (Path.Combine(folder.FullName, Installed) is var path && File.Exists(path))
                    return path;
            }

            return null;
        }
    }

    /// <param name="arguments">Further ones, such as a certificate's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<Azurite> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var azurite = new Azurite(arguments);
        try
        {
            await azurite.StartAsync(cancellationToken);
            return azurite;
        }
        catch
        {
            await azurite.DisposeAsync();
            throw;
        }
    }

    /// <summary>The connection string of an account that nobody has used yet.</summary>
    public string NewAccount()
    {
        var (name, key) = NextAccount();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"DefaultEndpointsProtocol=http;AccountName={name};AccountKey={key};BlobEndpoint=http://127.0.0.1:{BlobPort}/{name};QueueEndpoint=http://127.0.0.1:{QueuePort}/{name};TableEndpoint=http://127.0.0.1:{TablePort}/{name};");
    }

    /// <summary>The same account's name, for addresses.</summary>
    public string NewAccountName() => NextAccount().Name;

    /// <summary>Ends it and keeps the ports' numbers; what was stored is gone.</summary>
    public async Task StopAsync()
    {
        if (_process is not { } process)
            return;
        _process = null;
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }

    /// <summary>Starts it, after <see cref="StopAsync"/> on the same ports.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var program = Program ?? throw new InvalidOperationException(Missing);
        await File.WriteAllTextAsync(_folder["watch.js"], Watch, cancellationToken);
        var location = Directory.CreateDirectory(_folder[Path.GetRandomFileName()]).FullName;
        string[] arguments =
        [
            "-r", _folder["watch.js"], program, "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--location", location,
            "--blobPort", BlobPort.ToString(CultureInfo.InvariantCulture), "--queuePort", QueuePort.ToString(CultureInfo.InvariantCulture), "--tablePort", TablePort.ToString(CultureInfo.InvariantCulture),
            .. _arguments,
        ];
        var start = new ProcessStartInfo("node", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = location,
        };
        start.Environment["AZURITE_ACCOUNTS"] = _environment;
        var process = Process.Start(start) ?? throw new InvalidOperationException("node did not start.");
        _process = process;
        var said = new List<string>();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => ready.TrySetException(new InvalidOperationException("Azurite ended: " + string.Join('\n', said)));
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await ready.Task.WaitAsync(StartBound, cancellationToken);

        void Read(string? line)
        {
            if (line is null)
                return;
            lock (said)
            {
                said.Add(line);
                if (Listening().Match(line) is not { Success: true } match)
                    return;
                var port = int.Parse(match.Groups["port"].Value, CultureInfo.InvariantCulture);
                switch (match.Groups["service"].Value)
                {
                    case "Blob": BlobPort = port; break;
                    case "Queue": QueuePort = port; break;
                    default: TablePort = port; break;
                }

                if (said.Count(other => Listening().IsMatch(other)) == 3)
                    ready.TrySetResult();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    private (string Name, string Key) NextAccount() =>
        _accounts.TryDequeue(out var account) ? account : throw new InvalidOperationException($"More than {Accounts} tests want an account.");

    [GeneratedRegex("Azurite (?<service>Blob|Queue|Table) service is successfully listening at https?://127.0.0.1:(?<port>[0-9]+)")]
    private static partial Regex Listening();
}
