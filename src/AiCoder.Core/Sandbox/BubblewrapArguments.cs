using System.Globalization;
using AiCoder.Core.Failures;

namespace AiCoder.Core.Sandbox;

/// <summary>The options of bwrap(1) for a command.</summary>
internal static class BubblewrapArguments
{
    // On merged-usr systems links, on others folders.
    private static readonly string[] SystemFolders = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

    // What programs of /usr need of /etc. Of /etc/ssl only what is public: as root we could read the private keys.
    private static readonly string[] Configuration =
    [
        "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/ssl/certs",
        "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/pki/ca-trust", "/etc/ca-certificates", "/etc/crypto-policies", "/etc/mime.types",
        "/etc/protocols", "/etc/services", "/etc/maven", "/etc/dotnet", "/etc/php", "/etc/nodejs", "/etc/gradle", "/etc/fonts",
    ];

    public static List<string> For(SandboxCommand command, string directory, HostToolchains toolchains, SandboxFiles files)
    {
        List<string> arguments =
        [
            // --unshare-all leaves the user namespace out for uid 0.
            "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--clearenv",
            // A user without rights, so that tools don't take themselves for root; and none of the rights of the namespace, with
            // which the read-only mounts could be made writable again.
            "--uid", SandboxFiles.UserId, "--gid", SandboxFiles.UserId, "--cap-drop", "ALL", "--hostname", "sandbox",
        ];
        if (command.Network)
            arguments.Add("--share-net");

        arguments.AddRange(["--ro-bind", "/usr", "/usr", "--ro-bind-try", "/nix/store", "/nix/store"]);
        foreach (var folder in SystemFolders)
            arguments.AddRange(SystemFolder(folder));
        foreach (var path in Configuration.Concat(Directory.EnumerateDirectories("/etc", "java*")))
            arguments.AddRange(["--ro-bind-try", path, path]);
        foreach (var (source, target) in files.For(command.Network))
            arguments.AddRange(["--ro-bind", source, target]);

        var size = Math.Max(64L << 20, command.MemoryBytes / 4).ToString(CultureInfo.InvariantCulture);
        // Read-only, because where we are root, the files of /proc/sys (core_pattern) are its own inside as well, and bwrap covers
        // only the folders of /proc that can be written themselves.
        arguments.AddRange(["--proc", "/proc", "--remount-ro", "/proc"]);
        arguments.AddRange(["--dev", "/dev", "--perms", "1777", "--size", size, "--tmpfs", "/dev/shm"]);
        arguments.AddRange(["--perms", "1777", "--size", size, "--tmpfs", "/tmp", "--dir", "/run", "--symlink", "../tmp", "/var/tmp"]);
        foreach (var root in toolchains.Roots)
            arguments.AddRange(["--ro-bind-try", root, root]);
        foreach (var hidden in toolchains.Hidden)
            arguments.AddRange(["--size", "4096", "--tmpfs", hidden]);

        foreach (var path in command.ReadOnlyPaths)
            arguments.AddRange(["--ro-bind", path, Inside(path)]);

        arguments.AddRange(command.Home is { } home
            ? ["--bind", home, BubblewrapSandbox.Home]
            : ["--size", size, "--tmpfs", BubblewrapSandbox.Home]);
        arguments.AddRange([command.WritesNothing ? "--ro-bind" : "--bind", command.WorkTree, BubblewrapSandbox.WorkTree]);
        arguments.AddRange(Git(command, files));
        foreach (var (path, isFile) in SandboxRun.Masked(command))
            arguments.AddRange(["--ro-bind", isFile ? files.EmptyFile : files.EmptyDirectory, $"{BubblewrapSandbox.WorkTree}/{path}"]);
        // Everything above is laid out on a tmpfs that is the root folder.
        arguments.AddRange(["--remount-ro", "/", "--chdir", directory == "." ? BubblewrapSandbox.WorkTree : $"{BubblewrapSandbox.WorkTree}/{directory}"]);
        foreach (var (name, value) in SandboxEnvironment.For(command, toolchains, BubblewrapSandbox.Home, "/tmp"))
            arguments.AddRange(["--setenv", name, value]);
        return arguments;
    }

    /// <summary>Where a path of the host is shown: apart, since the host may have something where the work tree is inside.</summary>
    public static string Inside(string path) => path.StartsWith("/usr/", StringComparison.Ordinal) ? path : "/run/host" + path;

    private static string[] SystemFolder(string folder)
    {
        if (new FileInfo(folder).LinkTarget is { } target)
            return ["--symlink", target, folder];
        return Directory.Exists(folder) ? ["--ro-bind", folder, folder] : [];
    }

    private static string[] Git(SandboxCommand command, SandboxFiles files)
    {
        const string Inside = BubblewrapSandbox.WorkTree + "/.git";
        var git = Path.Combine(command.WorkTree, ".git");
        if (new FileInfo(git).LinkTarget is not null)
        {
            throw new FailureException(
                FailureCodes.SandboxUnavailable, "The work tree's .git is a symbolic link, which cannot be protected. Start the task anew.");
        }

        if (Path.Exists(git))
            return ["--ro-bind", git, Inside];
        // Where there is none, an empty one stands in its place, so that a command cannot make one that we would obey. In a tree that is
        // read-only none can be made, by us neither.
        return command.WritesNothing ? [] : ["--ro-bind", files.EmptyDirectory, Inside];
    }
}
