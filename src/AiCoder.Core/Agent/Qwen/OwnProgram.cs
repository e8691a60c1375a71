using System.Reflection;
using System.Runtime.InteropServices;

namespace AiCoder.Core.Agent.Qwen;

/// <summary>How our own program is started again inside a sandbox.</summary>
/// <param name="Command">Program and first arguments.</param>
/// <param name="Files">What of the host it needs to be shown: code and runtime only, since settings with keys may lie beside them.</param>
public sealed record OwnProgram(IReadOnlyList<string> Command, IReadOnlyList<string> Files)
{
    private static readonly string[] CodeEndings = [".dll", ".so", ".deps.json", ".runtimeconfig.json"];

    /// <summary>Where the runtime is; null: it is part of the program.</summary>
    public string? RuntimeRoot { get; init; }

    /// <summary>This very process's program.</summary>
    public static OwnProgram Current()
    {
        var process = Environment.ProcessPath ?? throw new InvalidOperationException("The program's own path is not known.");
        var entry = Assembly.GetEntryAssembly()?.Location;
        return Path.GetFileNameWithoutExtension(process) == "dotnet" && !string.IsNullOrEmpty(entry)
            ? Of([process, entry])
            : Of([process]);
    }

    /// <summary>A program by its command line, whose last part lies in the program's folder.</summary>
    public static OwnProgram Of(IReadOnlyList<string> command) => Of(command, RuntimeEnvironment.GetRuntimeDirectory());

    /// <summary>The same on the runtime whose libraries lie in a folder.</summary>
    internal static OwnProgram Of(IReadOnlyList<string> command, string runtimeDirectory)
    {
        var folder = Path.GetDirectoryName(command[^1])!;
        var files = Directory.EnumerateFiles(folder)
            .Where(file => CodeEndings.Any(ending => file.EndsWith(ending, StringComparison.Ordinal)))
            .Append(command[^1]);
        if (Directory.Exists(Path.Combine(folder, "runtimes")))
            files = files.Append(Path.Combine(folder, "runtimes"));

        // <root>/shared/Microsoft.NETCore.App/<version>/
        var runtime = Path.TrimEndingDirectorySeparator(runtimeDirectory);
        var root = Path.GetFullPath(Path.Combine(runtime, "../../.."));
        var isShared = runtime.StartsWith(Path.Combine(root, "shared"), StringComparison.Ordinal);
        // Not the whole root: in a home's .dotnet lie the user's certificates and tool packages as well.
        string[] parts = isShared ? [Path.Combine(root, "host"), Path.Combine(root, "shared"), .. command.Take(1).Where(program => Path.GetDirectoryName(program) == root)] : [];
        return new(command, [.. files.Concat(parts).Distinct().Where(path => !path.StartsWith("/usr/", StringComparison.Ordinal))])
        {
            RuntimeRoot = isShared ? root : null,
        };
    }
}
