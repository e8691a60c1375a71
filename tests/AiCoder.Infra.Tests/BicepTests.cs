using System.Text.Json.Nodes;
using AiCoder.Infra.Tests.Infrastructure;

namespace AiCoder.Infra.Tests;

/// <summary>infra/bicep, by the real compiler with Azure's own types; what only a deployment shows is not shown here.</summary>
public sealed class BicepTests
{
    private const string Main = "infra/bicep/main.bicep";

    // Once for all: loading Azure's types takes seconds.
    private static readonly Lazy<Task<ToolRun>> Compiled = new(() => Tool.RunAsync(Tool.Bicep, ["build", Main, "--stdout"]));

    [Fact]
    public async Task The_compiler_and_its_linter_have_nothing_to_say()
    {
        var run = await Tool.RunAsync(Tool.Bicep, ["lint", Main]);

        Assert.True(run.ExitCode == 0 && run.Error.Length == 0, run.Output + run.Error);
    }

    [Fact]
    public async Task The_parameters_of_azd_fit()
    {
        var run = await Tool.RunAsync(Tool.Bicep, ["build-params", "infra/bicep/main.bicepparam", "--stdout"], environment: new Dictionary<string, string> { ["AZURE_ENV_NAME"] = "try", ["AZURE_LOCATION"] = "northeurope", ["AZURE_PRINCIPAL_TYPE"] = "ServicePrincipal" });

        Assert.True(run.ExitCode == 0 && run.Error.Length == 0, run.Error);
        Assert.Contains("northeurope", run.Output, StringComparison.Ordinal);
        Assert.Contains("ServicePrincipal", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_safe_choices_are_made()
    {
        var resources = await ResourcesAsync();
        JsonNode Of(string type, string part = "") => resources.Single(resource => (string?)resource["type"] == type && ((string)resource["name"]!).Contains(part, StringComparison.Ordinal))["properties"]!;

        var cluster = Of("Microsoft.ContainerService/managedClusters");
        Assert.True((bool)cluster["disableLocalAccounts"]! && (bool)cluster["aadProfile"]!["enableAzureRBAC"]!);
        Assert.True((bool)cluster["oidcIssuerProfile"]!["enabled"]! && (bool)cluster["securityProfile"]!["workloadIdentity"]!["enabled"]! && (bool)cluster["workloadAutoScalerProfile"]!["keda"]!["enabled"]!);
        Assert.Equal("cilium", (string?)cluster["networkProfile"]!["networkPolicy"]);

        var hub = Of("Microsoft.Storage/storageAccounts", "hub");
        Assert.False((bool)hub["allowSharedKeyAccess"]!);
        Assert.All(resources.Where(resource => (string?)resource["type"] == "Microsoft.Storage/storageAccounts"), account =>
        {
            Assert.False((bool)account["properties"]!["allowBlobPublicAccess"]!);
            Assert.Equal("TLS1_2", (string?)account["properties"]!["minimumTlsVersion"]);
        });
        Assert.True((bool)Of("Microsoft.KeyVault/vaults")["enablePurgeProtection"]! && (bool)Of("Microsoft.KeyVault/vaults")["enableRbacAuthorization"]!);
        Assert.Equal("Deny", (string?)Of("Microsoft.KeyVault/vaults")["networkAcls"]!["defaultAction"]);
        Assert.True((bool)Of("Microsoft.CognitiveServices/accounts")["disableLocalAuth"]!);
        Assert.False((bool)Of("Microsoft.ContainerRegistry/registries")["adminUserEnabled"]!);
    }

    [Fact]
    public async Task The_containers_logs_reach_the_workspace_because_a_rule_says_so()
    {
        var resources = await ResourcesAsync();
        var rule = resources.Single(resource => (string?)resource["type"] == "Microsoft.Insights/dataCollectionRules");
        var association = resources.Single(resource => (string?)resource["type"] == "Microsoft.Insights/dataCollectionRuleAssociations");

        Assert.Contains("parameters('logsId')", (string?)rule["properties"]!["destinations"]!["logAnalytics"]![0]!["workspaceResourceId"], StringComparison.Ordinal);
        Assert.Contains("Microsoft.ContainerService/managedClusters", (string?)association["scope"], StringComparison.Ordinal);
        Assert.Contains("Microsoft.Insights/dataCollectionRules", (string?)association["properties"]!["dataCollectionRuleId"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_identity_trusts_the_charts_service_account_and_the_scalers()
    {
        var subjects = (await ResourcesAsync()).Where(resource => ((string)resource["type"]!).EndsWith("/federatedIdentityCredentials", StringComparison.Ordinal))
            .Select(resource => (string?)resource["properties"]!["subject"]).ToList();

        Assert.Contains("system:serviceaccount:kube-system:keda-operator", subjects);
        Assert.Contains(subjects, subject => subject!.Contains("parameters('kubernetesNamespace')", StringComparison.Ordinal));
        // deploy.sh installs the release whose service account has the parameter's default name.
        Assert.Contains("helm upgrade --install aicoder ", Repository.Read("infra/deploy.sh"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_deployment_script_asks_for_nothing_that_the_templates_do_not_put_out()
    {
        var outputs = (await CompileAsync())["outputs"]!.AsObject().Select(output => output.Key).ToList();
        var needed = System.Text.RegularExpressions.Regex.Matches(Repository.Read("infra/deploy.sh"), @"\b(?:AZURE_(?:RESOURCE|AKS|CONTAINER)|AICODER_(?:CLIENT|STORAGE|SHARE))\w*").Select(match => match.Value).Distinct().ToList();

        Assert.Equal(9, needed.Count);
        Assert.Empty(needed.Except(outputs));
        Assert.Contains("path: infra/bicep", Repository.Read("azure.yaml"), StringComparison.Ordinal);
    }

    private static async Task<JsonNode> CompileAsync()
    {
        _ = Tool.Bicep;
        var run = await Compiled.Value;
        Assert.True(run.ExitCode == 0, run.Error);
        return JsonNode.Parse(run.Output)!;
    }

    /// <summary>Every resource that the templates make, those of modules too.</summary>
    private static async Task<List<JsonObject>> ResourcesAsync() => [.. Within(await CompileAsync()).Where(resource => (bool?)resource["existing"] != true)];

    private static IEnumerable<JsonObject> Within(JsonNode template)
    {
        var resources = template["resources"];
        foreach (var resource in resources is JsonArray list ? list : resources!.AsObject().Select(pair => pair.Value))
        {
            if (resource!["properties"]?["template"] is { } inner)
            {
                foreach (var nested in Within(inner))
                    yield return nested;
            }
            else
            {
                yield return resource.AsObject();
            }
        }
    }
}
