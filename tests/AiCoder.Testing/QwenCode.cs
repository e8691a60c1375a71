namespace AiCoder.Testing;

/// <summary>The real Qwen Code command line, where the machine has it.</summary>
public static class QwenCode
{
    /// <summary>Names the folder that npm installed it into; without it, the one that scripts/setup.sh makes is taken.</summary>
    public const string Variable = "AICODER_QWEN";

    /// <summary>For <c>Assert.Skip</c> where <see cref="Folder"/> is null.</summary>
    public const string Missing = "There is no Qwen Code: scripts/setup.sh test puts it into artifacts/qwen, or set AICODER_QWEN to the folder that npm put it into.";

    private const string Installed = "artifacts/qwen";

    /// <summary>Where it is; null where the machine has none.</summary>
    public static string? Folder
    {
        get
        {
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
                return named;
            for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            {
                if (Path.Combine(folder.FullName, Installed) is var path && File.Exists(Path.Combine(path, "node_modules/@qwen-code/qwen-code/cli.js")))
                    return path;
            }

            return null;
        }
    }
}
