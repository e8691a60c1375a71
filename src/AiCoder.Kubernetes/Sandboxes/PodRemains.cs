using System.Globalization;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>What <see cref="SandboxScripts.Clean"/> says of a pod after a command.</summary>
/// <param name="TooManyProcesses">The first process had to end what forked.</param>
/// <param name="MemoryKills">How often the kernel has killed something for want of memory since the pod began.</param>
/// <param name="MemoryRanOut">It has since the last command.</param>
internal sealed record PodRemains(bool TooManyProcesses, long MemoryKills, bool MemoryRanOut)
{
    /// <summary>Null: that is not what the script says.</summary>
    public static PodRemains? Read(string said, long killsBefore)
    {
        if (said.Split('\n') is not [var note, var memory, ..] || !note.StartsWith("note", StringComparison.Ordinal) || !memory.StartsWith("memory", StringComparison.Ordinal))
            return null;
        // Older nodes (cgroup v1) don't count.
        var kills = long.TryParse(memory["memory".Length..], NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out var number) ? number : killsBefore;
        return new(note.Trim() == "note processes", kills, kills > killsBefore);
    }
}
