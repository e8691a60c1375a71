using System.Diagnostics;
using System.Globalization;
using k8s.Models;

namespace AiCoder.Kubernetes.Tests.Sandboxes;

/// <summary>
/// A pod's container as a node would run it, by bubblewrap on this machine: the command of its spec is the first process of its own
/// process tree, its volumes are mounted by sub-path, and further programs enter it as an exec does.
/// </summary>
internal sealed class LocalContainer : IDisposable
{
    private const string Path = "/usr/local/bin:/usr/bin:/bin";
    private readonly Process _monitor;
    private readonly Process _first;
    private readonly Dictionary<string, string> _environment;

    private LocalContainer(Process monitor, Process first, Dictionary<string, string> environment) =>
        (_monitor, _first, _environment) = (monitor, first, environment);

    /// <summary>Whether its first process has ended, and with it everything.</summary>
    public bool HasEnded => _monitor.HasExited;

    public Task EndAsync(CancellationToken stop) => _monitor.WaitForExitAsync(stop);

    /// <summary>Starts it.</summary>
    /// <param name="spec">The pod's.</param>
    /// <param name="claim">The folder that its claim stands for.</param>
    /// <param name="scratch">For its other volumes.</param>
    /// <param name="environment">What the image and the node set.</param>
    /// <param name="network">Whether the cluster lets it reach a network.</param>
    public static async Task<LocalContainer> StartAsync(V1PodSpec spec, string claim, string scratch, Dictionary<string, string> environment, bool network)
    {
        var container = spec.Containers.Single();
        var user = spec.SecurityContext.RunAsUser!.Value.ToString(CultureInfo.InvariantCulture);
        var variables = new Dictionary<string, string>(environment) { ["PATH"] = Path, ["HOSTNAME"] = spec.Hostname };
        List<string> arguments =
        [
            "--unshare-all", "--unshare-user", "--clearenv", "--uid", user, "--gid", user, "--cap-drop", "ALL", "--hostname", spec.Hostname, "--as-pid-1",
            "--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/dev/shm",
        ];
        if (network)
            arguments.Add("--share-net");
        foreach (var folder in (string[])["/bin", "/sbin", "/lib", "/lib64"])
            arguments.AddRange(new FileInfo(folder).LinkTarget is { } target ? ["--symlink", target, folder] : Directory.Exists(folder) ? ["--ro-bind", folder, folder] : []);
        foreach (var path in (string[])["/etc/alternatives", "/etc/ld.so.cache"])
            arguments.AddRange(["--ro-bind-try", path, path]);
        foreach (var mount in container.VolumeMounts)
        {
            var volume = spec.Volumes.Single(volume => volume.Name == mount.Name);
            var source = volume.PersistentVolumeClaim is not null ? claim : System.IO.Path.Combine(scratch, volume.Name);
            if (mount.SubPath is { } part)
                source = System.IO.Path.Combine(source, part);
            else
                Directory.CreateDirectory(source);
            // A kubelet makes what is missing of a sub-path.
            if (!System.IO.Path.Exists(source))
                Directory.CreateDirectory(source);
            arguments.AddRange([mount.ReadOnlyProperty == true ? "--ro-bind" : "--bind", source, mount.MountPath]);
        }

        // Where the kernel counts; a test writes there what it would.
        Directory.CreateDirectory(System.IO.Path.Combine(scratch, "cgroup"));
        arguments.AddRange(["--ro-bind", System.IO.Path.Combine(scratch, "cgroup"), "/sys/fs/cgroup"]);
        if (container.SecurityContext.ReadOnlyRootFilesystem == true)
            arguments.AddRange(["--remount-ro", "/"]);
        foreach (var (name, value) in variables)
            arguments.AddRange(["--setenv", name, value]);
        arguments.AddRange(["--chdir", container.WorkingDir, "--", .. container.Command.Select(word => Api.PodDouble.Expand(word, variables))]);

        var monitor = Start("bwrap", arguments, variables);
        _ = monitor.StandardOutput.ReadToEndAsync();
        _ = monitor.StandardError.ReadToEndAsync();
        return new(monitor, await FirstAsync(monitor), variables);
    }

    /// <summary>Starts a program in it, with its streams.</summary>
    public Process Exec(IReadOnlyList<string> command)
    {
        var entered = Start(
            "nsenter",
            [
                "-t", _first.Id.ToString(CultureInfo.InvariantCulture), "--user", "--preserve-credentials", "--mount", "--pid", "--net", "--ipc", "--uts", "--", .. command,
            ],
            _environment);
        _ = WakeAsync(entered.Id);
        return entered;
    }

    /// <summary>Kills everything in it, as the kernel does with the first process.</summary>
    public void Kill()
    {
        try
        {
            _first.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }

    public void Dispose()
    {
        Kill();
        _monitor.Dispose();
        _first.Dispose();
    }

    // nsenter stops itself where what it started was stopped, and nobody in the container can wake it: no node's runtime does that.
    private static async Task WakeAsync(int nsenter)
    {
        while (StateOf(nsenter) is not 'Z' and not ' ' and var state)
        {
            if (state == 'T' && Children(nsenter).All(child => StateOf(child) != 'T'))
            {
                using var kill = Process.Start("kill", ["-CONT", nsenter.ToString(CultureInfo.InvariantCulture)]);
                await kill.WaitForExitAsync();
            }

            await Task.Delay(20);
        }
    }

    private static char StateOf(int id) =>
        Read(id, "status").Split('\n').FirstOrDefault(line => line.StartsWith("State:", StringComparison.Ordinal)) is { Length: > 7 } line ? line["State:".Length..].Trim()[0] : ' ';

    private static Process Start(string program, IEnumerable<string> arguments, Dictionary<string, string> environment)
    {
        var info = new ProcessStartInfo(program)
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/",
        };
        foreach (var argument in arguments)
            info.ArgumentList.Add(argument);
        info.Environment.Clear();
        foreach (var (name, value) in environment)
            info.Environment[name] = value;
        return Process.Start(info)!;
    }

    // It is there when it has become the command.
    private static async Task<Process> FirstAsync(Process monitor)
    {
        while (true)
        {
            if (monitor.HasExited)
                throw new InvalidOperationException($"bwrap ended with {monitor.ExitCode}.");
            foreach (var child in Children(monitor.Id))
            {
                if (CommandLine(child).Split('\0')[0].EndsWith("/sh", StringComparison.Ordinal))
                    return Process.GetProcessById(child);
            }

            await Task.Delay(10);
        }
    }

    private static IEnumerable<int> Children(int parent) =>
        Directory.EnumerateDirectories("/proc").Select(System.IO.Path.GetFileName)
            .Where(name => int.TryParse(name, out _))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture))
            .Where(id => ParentOf(id) == parent);

    private static int ParentOf(int id)
    {
        var line = Read(id, "status").Split('\n').FirstOrDefault(line => line.StartsWith("PPid:", StringComparison.Ordinal));
        return line is null ? 0 : int.Parse(line["PPid:".Length..], NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);
    }

    private static string CommandLine(int id) => Read(id, "cmdline");

    private static string Read(int id, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/{file}");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
