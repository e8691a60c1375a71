using System.Globalization;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>What <see cref="SandboxScripts.Halt"/> says of a pod's threads.</summary>
internal static class PodThreads
{
    private const int FirstProcess = 1;

    /// <summary>
    /// Each thread and how often it has given way so far, where both looks saw the same and nothing that runs; else null. The first
    /// process can't be stopped from inside: it has to be waiting.
    /// </summary>
    public static IReadOnlyDictionary<int, long>? ReadStill(string said)
    {
        if (said.Split("look\n") is not [var self, var first, var second] || !second.EndsWith("end\n", StringComparison.Ordinal) || !TryNumber(self, "self ", out var shell))
            return null;
        return Look(first, shell) is { } one && Look(second[..^"end\n".Length], shell) is { } other && Core.Processes.ThreadLooks.AreSame(one, other) ? other : null;
    }

    /// <returns>Null where something ran, or nothing is there at all.</returns>
    private static Dictionary<int, long>? Look(string text, int shell)
    {
        var threads = new Dictionary<int, long>();
        string state = "";
        int process = 0, thread = 0, parent = 0;
        long switches = 0;
        foreach (var line in text.Split('\n'))
        {
            var (name, value) = line.Split(':', 2) is [var before, var after] ? (before, after.Trim()) : ("", "");
            switch (name)
            {
                case "State":
                    state = value;
                    break;
                case "Tgid":
                    process = Number(value);
                    break;
                case "Pid":
                    thread = Number(value);
                    break;
                case "PPid":
                    parent = Number(value);
                    break;
                case "voluntary_ctxt_switches":
                    switches = Number(value);
                    break;
                // The last of a thread's lines.
                case "nonvoluntary_ctxt_switches" when process != shell && parent != shell:
                    if (state is not ['T' or 't' or 'Z' or 'X', ..] && !(process == FirstProcess && state is ['S', ..]))
                        return null;
                    threads[thread] = switches + Number(value);
                    break;
            }
        }

        return threads.Count == 0 ? null : threads;
    }

    private static bool TryNumber(string text, string before, out int number)
    {
        number = 0;
        return text.StartsWith(before, StringComparison.Ordinal) && int.TryParse(text.AsSpan(before.Length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
}
