namespace AiCoder.Cli.Diagnosis;

/// <summary>What a container runtime or the host keeps from this process that bubblewrap needs, as the kernel tells it.</summary>
/// <param name="Seccomp">System calls are filtered.</param>
/// <param name="CoveredProc">Parts of <c>/proc</c> are covered, so that no new one may be mounted in a user namespace.</param>
/// <param name="AppArmor">The profile that confines this process; null: none.</param>
/// <param name="NoUserNamespaces">The host allows none.</param>
/// <param name="AppArmorRestrictsNamespaces">The host allows them only to programs that AppArmor knows (Ubuntu since 23.10).</param>
/// <param name="Kubernetes">This is a pod.</param>
internal sealed record Confinement(
    bool Seccomp, bool CoveredProc, string? AppArmor, bool NoUserNamespaces, bool AppArmorRestrictsNamespaces, bool Kubernetes)
{
    // Mounted on every host by systemd, and in nobody's way.
    private const string HostsOwn = "/proc/sys/fs/binfmt_misc";
    private const string Docs = "docs/deployment.md, \"The sandbox in containers\"";

    /// <summary>Reads <c>/proc</c>; what can't be read counts as not there.</summary>
    public static Confinement Read(Func<string, string?> variable) => new(
        Line("/proc/self/status", "Seccomp:") == "2",
        Lines("/proc/self/mountinfo").Any(line => line.Split(' ') is { Length: > 5 } fields && fields[4].StartsWith("/proc/", StringComparison.Ordinal) && fields[4] != HostsOwn),
        Lines("/proc/self/attr/current").FirstOrDefault()?.Trim('\0', ' ') is { } profile && profile.EndsWith("(enforce)", StringComparison.Ordinal) ? profile.Split(' ')[0] : null,
        Value("/proc/sys/user/max_user_namespaces") == "0" || Value("/proc/sys/kernel/unprivileged_userns_clone") == "0",
        Value("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1",
        variable("KUBERNETES_SERVICE_HOST") is { Length: > 0 });

    /// <summary>What to set so that bubblewrap starts; null where nothing of this is in its way.</summary>
    public string? Advice()
    {
        var host = (NoUserNamespaces ? "On the host: sysctl user.max_user_namespaces=15000 (Debian also kernel.unprivileged_userns_clone=1). " : "")
            + (AppArmorRestrictsNamespaces ? "On the host: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile that allows userns. " : "");
        var docker = new List<string>();
        var pod = new List<string>();
        if (Seccomp)
        {
            docker.Add("--security-opt seccomp=infra/docker/seccomp.json");
            pod.Add("seccompProfile {type: Localhost, localhostProfile: aicoder/seccomp.json}");
        }

        if (CoveredProc)
        {
            docker.Add("--security-opt systempaths=unconfined");
            pod.Add("procMount: Unmasked with hostUsers: false");
        }

        if (AppArmor is not null)
        {
            docker.Add("--security-opt apparmor=unconfined");
            pod.Add("appArmorProfile {type: Unconfined}");
        }

        if (docker.Count == 0)
            return host.Length == 0 ? null : host.TrimEnd();
        var forPods = $"In Kubernetes: SANDBOX=kubernetes, which needs no privilege; or for the pod {string.Join(", ", pod)}.";
        return host + (Kubernetes ? forPods : $"Docker: {string.Join(' ', docker)}. {forPods}") + $" See {Docs}.";
    }

    private static string? Value(string path) => Lines(path).FirstOrDefault()?.Trim();

    private static string? Line(string path, string name) =>
        Lines(path).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?[name.Length..].Trim();

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
