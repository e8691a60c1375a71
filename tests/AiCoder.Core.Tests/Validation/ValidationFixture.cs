using AiCoder.Core.Activities;
using AiCoder.Core.Configuration;
using AiCoder.Core.Processes;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Tests.Sandbox;
using AiCoder.Core.Validation;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Tests.Validation;

/// <summary>A repository of a few files and a validator on the real sandbox.</summary>
internal sealed class ValidationFixture : IDisposable
{
    private readonly SandboxFixture _sandbox = new(SandboxKind.Bubblewrap);
    private readonly Validator _validator;

    public ValidationFixture(params (string Path, string Content)[] files)
    {
        _validator = new(_sandbox.Sandbox, new SecretRedactor(_sandbox.Options.Secrets));
        foreach (var (path, content) in files)
            Write(path, content);
    }

    public string Root => _sandbox.WorkTree;

    public ValidationOptions Options { get; set; } = new() { TimeoutSeconds = 120 };

    public static void SkipWithout(string program) =>
        Assert.SkipWhen(ProgramPath.Find(program, new Dictionary<string, string>()) is null, $"this machine has no {program}");

    public static void SkipWith(string program) =>
        Assert.SkipUnless(ProgramPath.Find(program, new Dictionary<string, string>()) is null, $"this machine has {program}");

    public Change Write(string path, string content)
    {
        var full = Path.Combine(Root, path);
        var existed = File.Exists(full);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, content.ReplaceLineEndings("\n"));
        return new(existed ? ChangeKind.Modified : ChangeKind.Created, path);
    }

    public Task<TestResults> BaselineAsync() => RunAsync(ValidationPurpose.Baseline, null, []);

    public Task<TestResults> ChangesAsync(TestResults? baseline, params Change[] changes) => RunAsync(ValidationPurpose.Changes, baseline, changes);

    public Task<TestResults> RunAsync(
        ValidationPurpose purpose, TestResults? baseline, Change[] changes, Action<string>? report = null, CancellationToken? cancellationToken = null) =>
        _validator.RunAsync(
            new()
            {
                Purpose = purpose,
                Options = Options,
                NetworkCeiling = ValidationNetwork.None,
                WorkTree = Root,
                Home = Path.Combine(_sandbox.Root, "home"),
                PreparedPath = Path.Combine(_sandbox.Root, "state", "prepared.1.json"),
                Changes = changes,
                Baseline = baseline,
                Report = report ?? (_ => { }),
            },
            cancellationToken ?? TestContext.Current.CancellationToken);

    public void Dispose() => _sandbox.Dispose();
}
