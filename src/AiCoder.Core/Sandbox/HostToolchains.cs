namespace AiCoder.Core.Sandbox;

/// <summary>
/// The compilers, runtimes and package managers that the operator put on PATH: what of the host a command may read besides
/// <c>/usr</c>. Only the folders that PATH leads to, never a whole home.
/// </summary>
public sealed record HostToolchains
{
    private static readonly string[] SystemRoots = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/nix/store"];
    private static readonly string[] NeverRoots = ["/tmp", "/var/tmp", "/proc", "/sys", "/dev", "/run", "/etc"];
    private static readonly string[] BroadFolders = ["/", "/opt", "/srv", "/var", "/mnt", "/media", "/home", "/root", "/var/lib"];

    // Their siblings of bin hold credentials, caches of private packages or other people's data.
    private static readonly string[] BroadNames = [".local", ".cargo", "go", ".config", ".bun", ".deno"];
    private static readonly string[] ProgramFolders = ["bin", "sbin", "shims", "libexec"];

    private static readonly string[] KnownPrograms =
    [
        "python3", "python", "node", "npm", "yarn", "pnpm", "dotnet", "java", "javac", "mvn", "gradle", "go", "cargo", "rustc",
        "php", "composer", "ruby", "bundle", "cc", "gcc", "clang", "cmake", "make", "ninja",
    ];

    // By which tools learn of a private authority and of a proxy.
    private static readonly string[] CertificateVariables =
    [
        "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE", "CARGO_HTTP_CAINFO",
    ];

    private static readonly string[] ProxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"];

    /// <summary>PATH inside: the operator's folders that exist, in his order, then the system's.</summary>
    public required IReadOnlyList<string> Path { get; init; }

    /// <summary>Folders outside <c>/usr</c> that are shown read-only at their own place.</summary>
    public required IReadOnlyList<string> Roots { get; init; }

    /// <summary>Folders inside a root that stay hidden.</summary>
    public IReadOnlyList<string> Hidden { get; init; } = [];

    /// <summary>Variables that the toolchains need to find themselves.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Variables for commands that may reach the network: proxies (never one with a password) and certificates.</summary>
    public IReadOnlyDictionary<string, string> NetworkEnvironment { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads PATH and the few variables by which toolchains are found.</summary>
    /// <param name="closed">Folders of ours: no root may hold them or lie in them.</param>
    public static HostToolchains Detect(IReadOnlyList<string> closed) =>
        Detect(System.Environment.GetEnvironmentVariable, closed);

    internal static HostToolchains Detect(Func<string, string?> variable, IReadOnlyList<string> closed)
    {
        var home = variable("HOME") is { Length: > 0 } given ? Real(given) : "/root";
        bool Allowed(string folder) =>
            !NeverRoots.Any(root => IsWithin(folder, root))
            && !closed.Any(ours => IsWithin(folder, Real(ours)) || IsWithin(Real(ours), folder));

        var path = new List<string>();
        var roots = new List<string>();
        void AddRoot(string folder)
        {
            if (!SystemRoots.Any(root => IsWithin(folder, root)) && !roots.Any(root => IsWithin(folder, root)) && Allowed(folder))
                roots.Add(folder);
        }

        var folders = (variable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Concat(["/usr/local/bin", "/usr/bin", "/bin"])
            .Where(folder => folder.StartsWith('/') && Directory.Exists(folder))
            .Distinct();
        foreach (var folder in folders)
        {
            var real = Real(folder);
            if (!SystemRoots.Any(root => IsWithin(real, root)) && !Allowed(real))
                continue;

            path.Add(folder);
            AddRoot(RootOf(real, home));
            if (real != folder)
                AddRoot(folder);
        }

        foreach (var program in KnownPrograms.SelectMany(name => path.Select(folder => System.IO.Path.Combine(folder, name))).Where(File.Exists))
            AddRoot(RootOf(System.IO.Path.GetDirectoryName(Real(program))!, home));

        var environment = new Dictionary<string, string>();
        void AddHome(string name, string? folder)
        {
            if (folder is null || !Directory.Exists(folder) || !Allowed(Real(folder)))
                return;
            AddRoot(Real(folder));
            environment[name] = folder;
        }

        if (path.Any(folder => File.Exists(System.IO.Path.Combine(folder, "rustup"))))
            AddHome("RUSTUP_HOME", variable("RUSTUP_HOME") ?? System.IO.Path.Combine(home, ".rustup"));
        if (path.FirstOrDefault(folder => folder.EndsWith("/.pyenv/shims", StringComparison.Ordinal)) is { } shims)
            AddHome("PYENV_ROOT", System.IO.Path.GetDirectoryName(shims));
        AddHome("JAVA_HOME", variable("JAVA_HOME"));
        AddHome("DOTNET_ROOT", variable("DOTNET_ROOT"));

        var network = ProxyVariables
            .Where(name => variable(name) is { Length: > 0 } value && !value.Contains('@', StringComparison.Ordinal))
            .ToDictionary(name => name, name => variable(name)!);
        foreach (var name in CertificateVariables)
        {
            if (variable(name) is not { Length: > 0 } file || !System.IO.Path.Exists(file) || !System.IO.Path.IsPathRooted(file))
                continue;
            var shown = IsWithin(file, "/etc/ssl/certs");
            if (!shown && !Allowed(Real(file)))
                continue;
            if (!shown && File.Exists(file))
                AddRoot(file);
            network[name] = file;
        }

        return new()
        {
            NetworkEnvironment = network,
            Path = path,
            Roots = roots,
            // .NET keeps the user's certificates and keys there.
            Hidden = [.. roots.Select(root => System.IO.Path.Combine(root, "corefx")).Where(Directory.Exists)],
            Environment = environment,
        };
    }

    private static string RootOf(string folder, string home)
    {
        var parent = System.IO.Path.GetDirectoryName(folder) ?? "/";
        var broad = BroadFolders.Contains(parent)
            || IsWithin(home, parent)
            || BroadNames.Contains(System.IO.Path.GetFileName(parent))
            || System.IO.Path.GetDirectoryName(parent) == "/home";
        return ProgramFolders.Contains(System.IO.Path.GetFileName(folder)) && !broad ? parent : folder;
    }

    private static bool IsWithin(string path, string root) =>
        path == root || root == "/" || path.StartsWith(root + "/", StringComparison.Ordinal);

    /// <summary>The path with every symbolic link in it followed.</summary>
    private static string Real(string path)
    {
        var real = "/";
        var waiting = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        for (var steps = 0; steps < 256 && waiting.TryPop(out var part); steps++)
        {
            if (part == ".")
                continue;
            if (part == "..")
            {
                real = System.IO.Path.GetDirectoryName(real) ?? "/";
                continue;
            }

            var next = System.IO.Path.Combine(real, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (target.StartsWith('/'))
                real = "/";
            foreach (var piece in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
                waiting.Push(piece);
        }

        return real;
    }
}
