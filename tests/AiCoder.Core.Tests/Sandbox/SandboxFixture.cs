using AiCoder.Core.Configuration;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Testing.Sandboxes;

namespace AiCoder.Core.Tests.Sandbox;

/// <summary>A work tree, a state folder and a sandbox of the wanted kind in a temporary folder.</summary>
internal sealed class SandboxFixture : SandboxGround, IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("aicoder-sandbox-");

    public SandboxFixture(SandboxKind kind)
    {
        Directory.CreateDirectory(StateDir);
        Directory.CreateDirectory(Path.Combine(WorkTree, ".git"));
        File.WriteAllText(Path.Combine(StateDir, "key"), Secret);
        File.WriteAllText(Path.Combine(WorkTree, ".git", "config"), "[core]\n");
        Options = new()
        {
            WorkspaceDir = Path.Combine(_root.FullName, "workspace"),
            StateDir = StateDir,
            Sandbox = kind,
            ApiKey = Secret,
        };
        Sandbox = SandboxFactory.Create(Options, new ProcessRunner(TimeProvider.System), new SecretRedactor(Options.Secrets));
    }

    public AiCoderOptions Options { get; }

    public override ISandbox Sandbox { get; }

    public override string WorkTree => Path.Combine(_root.FullName, "workspace", "task", "work", "1");

    public string StateDir => Path.Combine(_root.FullName, "workspace", ".state");

    public string Root => _root.FullName;

    public override string Home => Path.Combine(_root.FullName, "home");

    public void Dispose() => _root.Delete(recursive: true);

    public override ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
