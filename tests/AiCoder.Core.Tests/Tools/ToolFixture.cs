using System.Runtime.Versioning;
using System.Text;
using System.Text.Json.Nodes;
using AiCoder.Core.Configuration;
using AiCoder.Core.Models;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tools;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Tools;

/// <summary>A work tree, the nine tools on it, and a sandbox.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ToolFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ToolSet _tools;

    static ToolFixture() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    public ToolFixture(SandboxKind kind = SandboxKind.Bubblewrap, ISandbox? sandbox = null)
    {
        Directory.CreateDirectory(Root);
        Directory.CreateDirectory(Home);
        LibGit2Sharp.Repository.Init(_folder["git"]);
        Sandbox = sandbox ?? Make(kind, _folder["workspace"]);
        _tools = new(Root, _folder["git", ".git"], new PathScope([], false), Sandbox, Home, false, TimeProvider.System);
    }

    public ISandbox Sandbox { get; }

    public string Root => _folder["work"];

    /// <summary>The commands' home.</summary>
    public string Home => _folder["home"];

    public string this[string path] => Path.Combine(Root, path);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static ISandbox Make(SandboxKind kind, string workspace)
    {
        var options = new AiCoderOptions { WorkspaceDir = workspace, StateDir = Path.Combine(workspace, ".state"), Sandbox = kind };
        Directory.CreateDirectory(options.StateDir);
        return SandboxFactory.Create(options, new ProcessRunner(TimeProvider.System), new SecretRedactor(options.Secrets));
    }

    public ToolFixture Put(string path, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[path])!);
        File.WriteAllBytes(this[path], bytes);
        return this;
    }

    public ToolFixture Put(string path, string text) => Put(path, Encoding.UTF8.GetBytes(text));

    public string Text(string path) => File.ReadAllText(this[path]);

    public byte[] Bytes(string path) => File.ReadAllBytes(this[path]);

    public Task<ToolResult> EditAsync(string path, string oldText, string newText, bool all = false) =>
        CallAsync("edit_file", new() { ["path"] = path, ["old_text"] = oldText, ["new_text"] = newText, ["replace_all"] = all });

    public Task<ToolResult> WriteAsync(string path, string content) => CallAsync("write_file", new() { ["path"] = path, ["content"] = content });

    public Task<ToolResult> CallAsync(string tool, JsonObject arguments) =>
        _tools.RunAsync(new ToolCall("1", tool, arguments.ToJsonString()), Cancel);

    /// <summary>Everything in the work tree: each path with its mode, the time it was written, and its bytes.</summary>
    public string Fingerprint() => string.Join('\n', Directory.EnumerateFileSystemEntries(Root, "*", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal)
        .Select(path => new FileInfo(path))
        .Select(file => $"{file.FullName} {file.LinkTarget ?? file.UnixFileMode.ToString()} {file.LastWriteTimeUtc.Ticks} {(file.Exists && file.LinkTarget is null ? Convert.ToHexString(File.ReadAllBytes(file.FullName)) : "")}"));

    public void Dispose()
    {
        _tools.Dispose();
        _folder.Dispose();
    }
}
