using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace AiCoder.Testing;

/// <summary>
/// A real sshd on a free port of 127.0.0.1 that lets one throwaway key in, as the user who runs the tests. It keeps its keys and
/// settings in a folder of its own and needs no right that an ordinary user lacks.
/// </summary>
public sealed class SshServer : IAsyncDisposable
{
    private static readonly string[] Places = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd", "/usr/bin/sshd"];

    private readonly Process _process;
    private readonly TemporaryFolder _folder;

    private SshServer(Process process, TemporaryFolder folder, int port) => (_process, _folder, Port) = (process, folder, port);

    public int Port { get; }

    /// <summary>Who logs in: the user who runs the tests.</summary>
    public static string User => Environment.UserName;

    /// <summary>The private key that is let in.</summary>
    public string PrivateKey => File.ReadAllText(_folder["user"]);

    /// <summary>The known_hosts line of this server.</summary>
    public string KnownHosts =>
        $"[127.0.0.1]:{Port} {string.Join(' ', File.ReadAllText(_folder["host.pub"]).Split(' ')[..2])}\n";

    /// <summary>Where the machine has sshd; null where it has none.</summary>
    public static string? Program => Places.FirstOrDefault(File.Exists);

    /// <summary>The address of a repository by its absolute path.</summary>
    public string UrlOf(string absolutePath) => $"ssh://{User}@127.0.0.1:{Port}{absolutePath}";

    /// <summary>A key that is not let in.</summary>
    public static async Task<string> NewPrivateKeyAsync()
    {
        using var folder = new TemporaryFolder();
        await MakeKeyAsync(folder["key"]);
        return await File.ReadAllTextAsync(folder["key"]);
    }

    public static async Task<SshServer> StartAsync(CancellationToken cancellationToken)
    {
        var program = Program ?? throw new InvalidOperationException("This machine has no sshd.");
        var folder = new TemporaryFolder();
        await MakeKeyAsync(folder["host"]);
        await MakeKeyAsync(folder["user"]);
        File.Copy(folder["user.pub"], folder["authorized_keys"]);
        if (Environment.UserName == "root")
            Directory.CreateDirectory("/run/sshd");
        // The port is free when it is asked for; another may take it before sshd does, so there are a few tries.
        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort();
            await File.WriteAllTextAsync(folder["sshd_config"], Configuration(folder, port), cancellationToken);
            var start = new ProcessStartInfo(program, ["-D", "-e", "-f", folder["sshd_config"]])
            {
                RedirectStandardError = true,
                RedirectStandardInput = true,
            };
            start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
            var process = Process.Start(start) ?? throw new InvalidOperationException("sshd did not start.");
            var listening = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            process.EnableRaisingEvents = true;
            process.Exited += (_, _) => listening.TrySetResult(false);
            var log = new List<string>();
            process.ErrorDataReceived += (_, line) =>
            {
                lock (log)
                    log.Add(line.Data ?? "");
                if (line.Data?.Contains("Server listening on", StringComparison.Ordinal) == true)
                    listening.TrySetResult(true);
            };
            process.BeginErrorReadLine();
            if (await listening.Task.WaitAsync(TimeSpan.FromMinutes(2), cancellationToken))
                return new(process, folder, port);
            process.Dispose();
            lock (log)
            {
                if (attempt == 3)
                    throw new InvalidOperationException("sshd did not listen: " + string.Join('\n', log));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Dispose();
    }

    // bash reads a user's ~/.bashrc for a command over ssh, unless it thinks that it runs below another shell: what stands there is the
    // machine's affair and must not decide a test.
    private static string Configuration(TemporaryFolder folder, int port) => string.Create(CultureInfo.InvariantCulture, $"""
        ListenAddress 127.0.0.1
        Port {port}
        HostKey {folder["host"]}
        AuthorizedKeysFile {folder["authorized_keys"]}
        PidFile none
        UsePAM no
        StrictModes no
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        PermitRootLogin prohibit-password
        SetEnv SHLVL=5
        """);

    private static async Task MakeKeyAsync(string path)
    {
        using var process = Process.Start(new ProcessStartInfo("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path])
        {
            RedirectStandardInput = true,
        }) ?? throw new InvalidOperationException("ssh-keygen did not start.");
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"ssh-keygen ended with {process.ExitCode}.");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
