using System.Text;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Workspaces;

/// <summary>Trees that git's own porcelain would not make.</summary>
internal static class HostileTree
{
    /// <summary>Commits one file at a path that git refuses to add, object by object.</summary>
    public static async Task CommitAsync(string bareRepository, string path, string content)
    {
        var id = await WriteAsync(bareRepository, "blob", Encoding.UTF8.GetBytes(content));
        var mode = "100644";
        foreach (var name in path.Split('/').Reverse())
        {
            id = await WriteAsync(bareRepository, "tree", [.. Encoding.UTF8.GetBytes($"{mode} {name}\0"), .. Convert.FromHexString(id)]);
            mode = "40000";
        }
        var commit = await GitProgram.RunAsync(bareRepository, "commit-tree", id, "-m", "hostile");
        await GitProgram.RunAsync(bareRepository, "update-ref", "refs/heads/main", commit);
    }

    private static async Task<string> WriteAsync(string repository, string type, byte[] content) =>
        Encoding.ASCII.GetString(
            await GitProgram.RunBytesAsync(repository, content, "hash-object", "-t", type, "-w", "--stdin", "--literally")).Trim();
}
