using System.Globalization;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>
/// The user that pods run as: our own, since both write the same files; never root. Where we are root it is 1000, which can write only
/// where everybody may (SMB shares mounted so): the service is to run as an ordinary user.
/// </summary>
internal static class SandboxUser
{
    private const long Default = 1000;

    public static (long User, long Group) Current { get; } = Read("/proc/self/status");

    private static (long User, long Group) Read(string status)
    {
        var lines = File.Exists(status) ? File.ReadAllLines(status) : [];
        var (user, group) = (Effective(lines, "Uid:"), Effective(lines, "Gid:"));
        return user == 0 ? (Default, Default) : (user, group == 0 ? Default : group);
    }

    // Real, effective, saved and file system's.
    private static long Effective(string[] lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is [_, _, var id, ..]
            ? long.Parse(id, CultureInfo.InvariantCulture)
            : 0;
}
