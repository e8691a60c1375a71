using System.Text.RegularExpressions;
using AiCoder.Infra.Tests.Infrastructure;
using k8s.Models;

namespace AiCoder.Infra.Tests;

/// <summary>No secret is readable in what is deployed.</summary>
public sealed partial class SecretTests
{
    private static readonly string[] Names =
    [
        "OPENAI_API_KEY", "LLM_API_KEY", "AZURE_OPENAI_API_KEY", "GITLAB_API_TOKEN", "GITHUB_TOKEN", "WEBHOOK_SECRET", "AICODER_API_KEY",
        "APPLICATIONINSIGHTS_CONNECTION_STRING", "AzureWebJobsStorage", "OTEL_EXPORTER_OTLP_HEADERS",
    ];

    [Fact]
    public void No_file_that_deploys_has_anything_of_a_secrets_shape()
    {
        var files = Repository.FilesBelow("infra").Append("azure.yaml").ToList();

        Assert.True(files.Count > 30);
        Assert.All(files, file => Assert.DoesNotMatch(Shapes(), Repository.Read(file)));
    }

    [Theory]
    [InlineData("sk-0123456789abcdefghij")]
    [InlineData("glpat-0123456789abcdefghij")]
    [InlineData("AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==")]
    [InlineData("-----BEGIN PRIVATE KEY-----")]
    public void A_secrets_shape_is_noticed(string text) => Assert.Matches(Shapes(), text);

    [Theory]
    [MemberData(nameof(Chart.Variants), MemberType = typeof(Chart))]
    public async Task Secrets_reach_pods_by_reference_only(string values)
    {
        var manifests = Repository.FilesBelow("infra/kubernetes/manifests").SelectMany(file => KubernetesText.Read(Repository.Read(file)));
        var objects = manifests.Concat(await Chart.ObjectsAsync(values)).ToList();

        foreach (var secret in objects.OfType<V1Secret>())
        {
            Assert.Null(secret.Data);
            Assert.All(secret.StringData.Values, value => Assert.Equal("", value));
        }

        Assert.All(objects.OfType<V1ConfigMap>(), map => Assert.DoesNotContain(map.Data.Keys, Names.Contains));
        foreach (var container in KubernetesText.PodsOf(objects).SelectMany(pod => KubernetesText.ContainersOf(pod.Pod.Spec)))
            Assert.DoesNotContain(container.Env ?? [], variable => Names.Contains(variable.Name) && !string.IsNullOrEmpty(variable.Value));
    }

    [Fact]
    public async Task A_secret_put_into_the_charts_config_by_mistake_is_refused()
    {
        var run = await Chart.HelmAsync("config.OPENAI_API_KEY=anything");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("existingSecret", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("anything", run.Error, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"sk-[A-Za-z0-9]{16,}|glpat-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|AccountKey=[A-Za-z0-9+/]{20,}|whsec_[A-Za-z0-9+/]{16,}|-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[A-Z0-9]{16}")]
    private static partial Regex Shapes();
}
