using System.Collections.Concurrent;
using k8s;

namespace AiCoder.Infra.Tests.Infrastructure;

/// <summary>The chart, as the real helm renders it.</summary>
internal static class Chart
{
    public const string Folder = "infra/kubernetes/chart";

    private static readonly ConcurrentDictionary<string, Lazy<Task<ToolRun>>> Rendered = new();

    /// <summary>What a release on AKS sets: the Functions host, an identity, a share, metrics.</summary>
    public static readonly string[] OnAks =
    [
        "serve.enabled=false", "functions.enabled=true", "functions.storageAccount=aicoderhub",
        "workloadIdentity.clientId=11111111-2222-3333-4444-555555555555", "workspace.azureFile.share=workspace",
        "workspace.azureFile.storageAccount=aicodersh", "workspace.azureFile.resourceGroup=rg-aicoder", "metrics.enabled=true",
    ];

    /// <summary>Ways of installing it that differ in what they render.</summary>
    public static TheoryData<string> Variants => new(
        "",
        "serve.queue=true,workloadIdentity.clientId=11111111-2222-3333-4444-555555555555,config.AzureWebJobsStorage__accountName=aicoderhub",
        "sandbox.mode=bubblewrap,sandbox.bubblewrap.installProfile=true",
        "metrics.enabled=true,podDisruptionBudget.enabled=false,networkPolicy.enabled=false,workspace.existingClaim=there,serve.state.existingClaim=too",
        string.Join(',', OnAks),
        string.Join(',', [.. OnAks, "workspace.azureFile.protocol=smb", "workspace.azureFile.keySecret=share-key", "functions.keda.enabled=false"]),
        string.Join(',', [.. OnAks, "sandbox.mode=bubblewrap", "imagePullSecrets={pull}", "functions.image.digest=sha256:0000"]));

    public static Task<ToolRun> HelmAsync(params string[] values) => HelmAsync("template", ["aicoder", Folder, "--namespace", "aicoder"], values);

    public static async Task<ToolRun> HelmAsync(string command, IReadOnlyList<string> arguments, params string[] values)
    {
        using var home = new AiCoder.Testing.TemporaryFolder();
        return await Tool.RunAsync(
            Tool.Helm,
            [command, .. arguments, .. values.Where(value => value.Length > 0).SelectMany(value => new[] { "--set", value })],
            environment: new Dictionary<string, string> { ["HELM_CONFIG_HOME"] = home.Root, ["HELM_CACHE_HOME"] = home.Root, ["HELM_DATA_HOME"] = home.Root, ["KUBECONFIG"] = home["none"] });
    }

    /// <summary>The manifests of a release; the same values are rendered once.</summary>
    public static async Task<string> RenderAsync(params string[] values)
    {
        _ = Tool.Helm;
        var run = await Rendered.GetOrAdd(string.Join(',', values), _ => new(() => HelmAsync(values))).Value;
        Assert.True(run.ExitCode == 0, run.Error);
        return run.Output;
    }

    public static async Task<List<IKubernetesObject>> ObjectsAsync(params string[] values) => KubernetesText.Read(await RenderAsync(values));
}
