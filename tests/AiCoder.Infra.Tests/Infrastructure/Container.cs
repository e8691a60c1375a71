using System.Globalization;
using System.Text.Json.Nodes;
using AiCoder.Testing;
using AiCoder.Testing.Processes;

namespace AiCoder.Infra.Tests.Infrastructure;

/// <summary>
/// The image run without an engine: bubblewrap gives it a read-only root with nothing in it but the system's programs, <c>/app</c> and
/// <c>/etc</c>'s public files, a <c>/tmp</c> and a <c>/workspace</c> of its own; user, environment and entry point are those of the Dockerfile.
/// It has no capability and can get none, as with <c>--cap-drop ALL --security-opt no-new-privileges</c>.
/// </summary>
internal sealed class Container : IDisposable
{
    private const UnixFileMode Everybody = (UnixFileMode)0b111_111_111;

    private static readonly Dockerfile Image = Dockerfile.Read(Repository.PathOf("infra/docker/Dockerfile"));
    private readonly TemporaryFolder _folder = new();
    private readonly string _app;

    public Container(PublishedImage image)
    {
        _app = image.App;
        Assert.SkipUnless(Path.Exists("/usr/bin/bwrap"), "There is no bubblewrap.");
        File.SetUnixFileMode(_folder.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        // A volume that belongs to the image's user: here one that everybody may write, because nobody but root can give it away.
        Directory.CreateDirectory(_folder["workspace"]);
        File.SetUnixFileMode(_folder["workspace"], Everybody);
        File.WriteAllText(_folder["passwd"], "app:x:1654:1654::/home/app:/bin/sh\n");
        File.WriteAllText(_folder["group"], "app:x:1654:\n");
    }

    /// <summary>Docker's <c>--security-opt seccomp=</c>; null: unconfined.</summary>
    public JsonObject? Seccomp { get; init; } = SeccompProfile.Load();

    /// <summary>Docker's default for <c>/proc</c>, without <c>systempaths=unconfined</c>: parts of it are covered.</summary>
    public bool MaskedProc { get; init; }

    /// <summary><c>-e</c>.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    private static bool IsRoot => Environment.IsPrivilegedProcess;

    /// <summary><c>docker run … ai-coder ARGUMENTS</c>.</summary>
    public async Task<AiCoderRun> RunAsync(params IReadOnlyList<string> arguments)
    {
        using var process = Start(arguments);
        return await process.EndAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>The same, going on.</summary>
    public AiCoderProcess Start(params IReadOnlyList<string> arguments)
    {
        var (user, group) = Image.User.Split(':') is [var first, var second] ? (first, second) : throw new InvalidOperationException("USER names no group.");
        List<string> command = [];
        // Only root can become the image's user outside; whoever else runs the tests is shown as it inside.
        if (IsRoot)
            command.AddRange(["setpriv", "--reuid", user, "--regid", group, "--clear-groups", "--no-new-privs", "--bounding-set=-all"]);
        command.AddRange(["bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--uid", user, "--gid", group]);
        command.AddRange(["--tmpfs", "/", "--ro-bind", "/usr", "/usr"]);
        foreach (var folder in new[] { "bin", "sbin", "lib", "lib64" })
            command.AddRange(Path.Exists($"/usr/{folder}") ? ["--symlink", $"usr/{folder}", $"/{folder}"] : []);
        foreach (var file in new[] { "/etc/ssl", "/etc/ca-certificates", "/etc/alternatives", "/etc/ld.so.cache", "/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf" })
            command.AddRange(["--ro-bind-try", file, file]);
        command.AddRange(["--ro-bind", _folder["passwd"], "/etc/passwd", "--ro-bind", _folder["group"], "/etc/group", "--dir", "/home/app", "--dir", "/state"]);
        command.AddRange(["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp", "--ro-bind", _app, "/app", "--bind", _folder["workspace"], "/workspace"]);
        if (MaskedProc)
            command.AddRange(["--ro-bind", "/proc/sys", "/proc/sys"]);
        command.AddRange(["--remount-ro", "/", "--chdir", "/workspace", "--cap-drop", "ALL"]);
        if (Seccomp is not null)
            command.AddRange(["--seccomp", "9"]);
        // tini, process 1 of the image, is not on every machine; what it starts is.
        command.AddRange(["--", .. Image.EntryPoint.SkipWhile(part => !part.StartsWith("/app/", StringComparison.Ordinal)), .. arguments]);

        var environment = Image.Environment;
        environment["PATH"] = "/usr/local/bin:/usr/bin:/bin";
        foreach (var (name, value) in Variables)
            environment[name] = value;
        if (DotnetRoot is { } root)
            environment["DOTNET_ROOT"] = root;
        return AiCoderProcess.Start("/bin/sh", environment, ["-c", WithSeccomp(), "sh", .. command], workingDirectory: "/");
    }

    /// <summary>A file outside the container.</summary>
    public string Write(string name, string content)
    {
        File.WriteAllText(_folder[name], content);
        return _folder[name];
    }

    public void Dispose()
    {
        // The image's user made files in folders that only it may empty; root may, and so may whoever was shown as that user.
        _folder.Dispose();
    }

    private string WithSeccomp()
    {
        if (Seccomp is null)
            return "exec \"$@\"";
        SeccompProfile.Require();
        var file = _folder[string.Create(CultureInfo.InvariantCulture, $"seccomp-{Guid.NewGuid():N}")];
        SeccompProfile.Compile(Seccomp, file);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        return $"exec \"$@\" 9<'{file}'";
    }

    // The image's base has the runtime where programs look for it; a test's machine may have it elsewhere below /usr.
    private static string? DotnetRoot
    {
        get
        {
            var root = Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? new[] { "/usr/bin/dotnet", "/usr/local/bin/dotnet" }
                .Where(File.Exists).Select(path => Path.GetDirectoryName(new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path)).FirstOrDefault();
            Assert.SkipUnless(root?.StartsWith("/usr/", StringComparison.Ordinal) == true, "The .NET runtime is not below /usr, so another user may not read it.");
            return root;
        }
    }
}
