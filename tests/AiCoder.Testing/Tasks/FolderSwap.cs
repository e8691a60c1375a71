using System.Globalization;
using AiCoder.Demo;

namespace AiCoder.Testing.Tasks;

/// <summary>
/// What Qwen Code leaves in the background changes a folder and a link out of the work tree for each other as fast as it can, while
/// snapshots are taken. Needs python3; without it nothing is swapped.
/// </summary>
public sealed class FolderSwap : IDisposable
{
    private const string Swap = """
        import ctypes
        libc = ctypes.CDLL(None)
        while True:
            libc.renameat2(-100, b"/work/swapped", -100, b"/work/link", 2)
        """;

    private readonly TemporaryFolder _outside = new();

    public FolderSwap()
    {
        foreach (var index in Enumerable.Range(0, 400))
            File.WriteAllText(_outside[index.ToString("D3", CultureInfo.InvariantCulture) + ".txt"], "of the service, not of the repository");
    }

    /// <summary>What the repository brings for it.</summary>
    public IReadOnlyDictionary<string, string> Files { get; } = new Dictionary<string, string> { ["swap.py"] = Swap };

    /// <summary>A file outside, whose content no snapshot may have.</summary>
    public string FileOutside => _outside["000.txt"];

    /// <summary>What the model answers: it starts the swapping, writes in between, and then does its work.</summary>
    public Func<ScriptedRequest, ScriptedReply> Script(DemoProject project, int rounds) => QwenScript.After(
        project,
        [
            QwenScript.Shell($"python3 --version && mkdir swapped && for i in $(seq -w 0 399); do echo mine > swapped/$i.txt; done && ln -s {_outside.Root} link && (setsid python3 swap.py > /dev/null 2>&1 &)"),
            .. Enumerable.Range(0, rounds).Select(index => QwenScript.Shell($"for i in $(seq -w 0 399); do echo {index} > swapped/$i.txt; done 2> /dev/null; true")),
        ]);

    /// <summary>Where a workspace has a git object: whatever a snapshot took in is one of its store.</summary>
    public static IEnumerable<string> ObjectsIn(string workspace, string objectName) =>
        Directory.EnumerateFiles(workspace, objectName.Trim()[2..], SearchOption.AllDirectories);

    /// <inheritdoc/>
    public void Dispose() => _outside.Dispose();
}
