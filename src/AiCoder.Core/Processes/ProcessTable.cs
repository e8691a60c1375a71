using System.Globalization;

namespace AiCoder.Core.Processes;

/// <summary>What <c>/proc</c> says about the processes of this machine (see proc(5)).</summary>
internal static class ProcessTable
{
    private static readonly long PageSize = Environment.SystemPageSize;

    /// <summary>Every process that can be seen now, zombies included.</summary>
    public static Dictionary<int, ProcessEntry> Read()
    {
        var table = new Dictionary<int, ProcessEntry>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && Read(pid) is { } entry)
            {
                table[pid] = entry;
            }
        }

        return table;
    }

    /// <summary>One process; null where it is gone.</summary>
    public static ProcessEntry? Read(int pid)
    {
        if (ReadText($"/proc/{pid}/stat") is not { } text)
            return null;

        // The program's name stands in parentheses and may hold any character, parentheses too.
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return fields.Length < 20
            ? null
            : new(pid, fields[0][0], Number(fields[1]), Number(fields[2]), Number(fields[3]), long.Parse(fields[19], CultureInfo.InvariantCulture)) { Threads = Number(fields[17]) };
    }

    /// <summary>Resident memory in bytes that is not backed by a file; 0 where the process is gone.</summary>
    public static long AnonymousBytes(int pid)
    {
        var fields = ReadText($"/proc/{pid}/statm")?.Split(' ');
        // A first thread that has ended has no memory any more; the others have.
        if (fields is [_, "0", ..])
            fields = Threads(pid).Select(thread => ReadText($"{thread}/statm")?.Split(' ')).FirstOrDefault(parts => parts is [_, not "0", ..]) ?? fields;
        return fields is { Length: > 2 }
            ? Math.Max(0, long.Parse(fields[1], CultureInfo.InvariantCulture) - long.Parse(fields[2], CultureInfo.InvariantCulture)) * PageSize
            : 0;
    }

    /// <summary>
    /// The process's share of resident memory in bytes, pages shared with others counted in part; null where it may not be read.
    /// Walks the process's page tables, so it is for the second look only.
    /// </summary>
    public static long? ProportionalBytes(int pid)
    {
        var line = ReadText($"/proc/{pid}/smaps_rollup")?.Split('\n')
            .FirstOrDefault(line => line.StartsWith("Pss:", StringComparison.Ordinal));
        return line is null ? null : long.Parse(line[4..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>The environment a process was started with, parted by NUL; empty where it is dead or may not be read.</summary>
    public static string EnvironmentOf(int pid) => ReadText($"/proc/{pid}/environ") ?? "";

    /// <summary>The threads of a process: whether each is stopped (or dead), and how often it has given way to others.</summary>
    public static IEnumerable<(int Thread, bool Stopped, long Switches)> ThreadsOf(int pid)
    {
        foreach (var thread in Threads(pid))
        {
            var lines = (ReadText($"{thread}/status") ?? "").Split('\n');
            string? Value(string name) => Array.Find(lines, line => line.StartsWith(name, StringComparison.Ordinal))?[name.Length..].Trim();
            if (Value("State:") is not { Length: > 0 } state)
                continue;
            var switches = new[] { "voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:" }.Sum(name => long.Parse(Value(name) ?? "0", CultureInfo.InvariantCulture));
            yield return (int.Parse(Path.GetFileName(thread.AsSpan()), CultureInfo.InvariantCulture), state[0] is 'T' or 't' or 'Z' or 'X', switches);
        }
    }

    private static string[] Threads(int pid)
    {
        try
        {
            return Directory.GetDirectories($"/proc/{pid}/task");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Gone in between, or another user's.
            return [];
        }
    }

    private static int Number(string field) => int.Parse(field, CultureInfo.InvariantCulture);

    private static string? ReadText(string path)
    {
        try
        {
            var text = File.ReadAllText(path);
            return text.Length == 0 ? null : text;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Gone in between, or another user's.
            return null;
        }
    }
}

/// <param name="Pid">Its id.</param>
/// <param name="State">R, S, D, Z and so on.</param>
/// <param name="Parent">Its parent's id.</param>
/// <param name="Group">Its process group.</param>
/// <param name="Session">Its session.</param>
/// <param name="Started">Clock ticks after boot; with the id it names a process for good.</param>
internal sealed record ProcessEntry(int Pid, char State, int Parent, int Group, int Session, long Started)
{
    /// <summary>How many threads it has, the first one too where that has ended.</summary>
    public int Threads { get; init; }

    // Where only its first thread has ended, it looks like a zombie and goes on.
    public bool IsDead => State == 'X' || (State == 'Z' && Threads <= 1);
}
