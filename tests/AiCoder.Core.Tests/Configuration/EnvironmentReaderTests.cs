using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Tests.Configuration;

public sealed class EnvironmentReaderTests
{
    [Fact]
    public void Every_variable_of_the_specification_is_read()
    {
        var options = Read(new()
        {
            ["OPENAI_API_KEY"] = "key-1",
            ["OPENAI_BASE_URL"] = "https://dashscope.aliyuncs.com/compatible-mode/v1",
            ["OPENAI_MODEL"] = "qwen3-coder",
            ["GIT_USERNAME"] = "机器人",
            ["GIT_EMAIL"] = "bot@example.com",
            ["GITLAB_API_TOKEN"] = "glpat-1",
            ["WEBHOOK_URL"] = "https://hook.example.com/x",
            ["WEBHOOK_SECRET"] = "a secret",
            ["WORKSPACE_DIR"] = "/tmp/w",
            ["MAX_ITERATIONS"] = "5",
        });

        Assert.Equal(
            ("key-1", "https://dashscope.aliyuncs.com/compatible-mode/v1", "qwen3-coder", "机器人", "bot@example.com"),
            (options.ApiKey, options.BaseUrl.ToString(), options.Model, options.GitUserName, options.GitEmail));
        Assert.Equal(
            ("glpat-1", "https://hook.example.com/x", "a secret", "/tmp/w", "/tmp/w/.state", 5),
            (options.GitLabApiToken, options.WebhookUrl?.ToString(), options.WebhookSecret, options.WorkspaceDir, options.StateDir, options.MaxIterations));
    }

    [Fact]
    public void Every_further_variable_is_read()
    {
        var options = Read(new()
        {
            ["WORKSPACE_DIR"] = "/tmp/w",
            ["STATE_DIR"] = "/tmp/s",
            ["AZURE_OPENAI_ENDPOINT"] = "https://r.openai.azure.com",
            ["AZURE_OPENAI_API_KEY"] = "azure-key",
            ["TOOL_CALLS"] = "text",
            ["GITHUB_TOKEN"] = "ghp-1",
            ["GITLAB_HOSTS"] = "git.example.com, code.example.com:8443",
            ["GITHUB_HOSTS"] = "ghe.example.com",
            ["SANDBOX"] = "none",
            ["SANDBOX_NETWORK"] = "all",
            ["ALLOWED_NETWORKS"] = "10.0.0.0/8 *.corp.example",
            ["MAX_CONCURRENT_TASKS"] = "9",
            ["RETENTION_DAYS"] = "0",
            ["AICODER_API_KEY"] = "a-key-of-the-service",
            ["ASPNETCORE_URLS"] = "http://+:8080",
            ["REQUESTS_PER_MINUTE"] = "77",
            ["OUTPUT_LANGUAGE"] = "zh-Hant-TW",
            ["HTTPS_PROXY"] = "http://proxy.example.com:3128",
        });

        Assert.Equal(
            ("/tmp/s", "https://r.openai.azure.com/", "azure-key", "ghp-1"),
            (options.StateDir, options.AzureOpenAiEndpoint?.ToString(), options.AzureOpenAiApiKey, options.GitHubToken));
        Assert.Equal(ToolCallMode.Text, options.ToolCalls);
        Assert.Equal(("a-key-of-the-service", "http://+:8080", 77), (options.ServiceKey, options.Urls, options.RequestsPerMinute));
        Assert.Equal("zh-Hant-TW", options.OutputLanguage);
        Assert.Equal(["git.example.com", "code.example.com:8443"], options.GitLabHosts);
        Assert.Equal(["ghe.example.com"], options.GitHubHosts);
        Assert.Equal(["10.0.0.0/8", "*.corp.example"], options.AllowedNetworks);
        Assert.Equal(
            (SandboxKind.None, ValidationNetwork.All, 9, 0), (options.Sandbox, options.SandboxNetwork, options.MaxConcurrentTasks, options.RetentionDays));
        Assert.Equal("http://proxy.example.com:3128", options.GitEnvironment["HTTPS_PROXY"]);
    }

    [Fact]
    public void Where_telemetry_goes_is_read_for_all_signals_and_for_each()
    {
        var both = Read(new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://collector:4317" }).Telemetry;
        var traces = Read(new()
        {
            ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = "http://collector:4318/v1/traces",
            ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf",
            ["OTEL_EXPORTER_OTLP_TRACES_HEADERS"] = "x-key=a%20key-of-ours",
        });

        Assert.True(both is { Any: true, OtlpTraces.Endpoint: null, OtlpMetrics.Endpoint: null });
        Assert.Equal(new OtlpSignal(new("http://collector:4318/v1/traces"), "http/protobuf", "x-key=a%20key-of-ours"), traces.Telemetry.OtlpTraces);
        Assert.Null(traces.Telemetry.OtlpMetrics);
        Assert.Contains("a key-of-ours", traces.Secrets);
        Assert.DoesNotContain("key-of-ours", traces.Telemetry.ToString(), StringComparison.Ordinal);
        Assert.False(Read([]).Telemetry.Any);
        Assert.False(Read(new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://collector:4317", ["OTEL_SDK_DISABLED"] = "true" }).Telemetry.Any);
        Assert.Null(Read(new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://collector:4317", ["OTEL_METRICS_EXPORTER"] = "none" }).Telemetry.OtlpMetrics);
        Assert.Equal(
            "InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=https://i.example.com/",
            Read(new() { ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = "InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=https://i.example.com/" }).Telemetry.ApplicationInsights);
    }

    [Theory]
    [InlineData("KEY_VAULT_CERTIFICATE", "http://v.vault.azure.net/secrets/ring")]
    [InlineData("KEY_VAULT_CERTIFICATE", "https://v.vault.azure.net/keys/ring")]
    [InlineData("KEY_VAULT_CERTIFICATE", "https://v.vault.azure.net/")]
    [InlineData("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=none")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")]
    public void What_can_t_work_is_named_at_the_start(string name, string value)
    {
        var failure = Assert.Throws<FailureException>(() => Read(new() { [name] = value })).Failure;

        Assert.Contains(name, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(value, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://v.vault.azure.net/secrets/ring")]
    [InlineData("https://v.vault.azure.net/certificates/ring/0123456789abcdef0123456789abcdef")]
    public void A_key_vault_s_certificate_is_taken_by_either_address(string address) =>
        Assert.Equal(new Uri(address), Read(new() { ["KEY_VAULT_CERTIFICATE"] = address }).KeyVaultCertificate);

    [Theory]
    [InlineData("LLM_API_KEY", "OPENAI_API_KEY")]
    [InlineData("LLM_BASE_URL", "OPENAI_BASE_URL")]
    [InlineData("MODEL_NAME", "OPENAI_MODEL")]
    public void The_second_name_counts_where_the_first_is_not_set(string second, string first)
    {
        const string value = "https://second.example.com/";
        var alone = Read(new() { [second] = value });
        var both = Read(new() { [second] = value, [first] = "https://first.example.com/" });
        var empty = Read(new() { [second] = value, [first] = "  " });

        Assert.Contains(value, Everything(alone));
        Assert.DoesNotContain(value, Everything(both));
        Assert.Contains(value, Everything(empty));

        static string[] Everything(AiCoderOptions options) => [options.ApiKey ?? "", options.BaseUrl.ToString(), options.Model];
    }

    [Fact]
    public void All_problems_are_listed_at_once_and_no_secret_is_printed()
    {
        var exception = Assert.Throws<FailureException>(() => Read(new()
        {
            ["OPENAI_BASE_URL"] = "https://user:hunter2secret@example.com",
            ["MAX_ITERATIONS"] = "many",
            ["SANDBOX"] = "chroot",
            ["ALLOWED_NETWORKS"] = "10.0.0.0/8, 10.0.0.0/99",
            ["GIT_EMAIL"] = "a\nb",
            ["WEBHOOK_SECRET"] = "whsec_not base64!",
            ["AICODER_API_KEY"] = "tooshort",
            ["REQUESTS_PER_MINUTE"] = "0",
        }));

        Assert.Equal((FailureCategory.System, "configuration"), (exception.Failure.Category, exception.Failure.Code));
        foreach (var name in new[] { "OPENAI_BASE_URL", "MAX_ITERATIONS", "SANDBOX", "ALLOWED_NETWORKS", "GIT_EMAIL", "WEBHOOK_SECRET", "AICODER_API_KEY", "REQUESTS_PER_MINUTE" })
            Assert.Contains(name, exception.Failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2secret", exception.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("not base64!", exception.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("tooshort", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_sandbox_has_no_network_on_a_service_and_only_prepare_has_it_on_the_command_line()
    {
        Assert.Equal(ValidationNetwork.None, Read([], callerIsOperator: false).SandboxNetwork);
        Assert.Equal(ValidationNetwork.Prepare, Read([], callerIsOperator: true).SandboxNetwork);
    }

    [Fact]
    public void Options_print_no_secret()
    {
        var options = Read(new() { ["OPENAI_API_KEY"] = "sk-topsecret", ["GITHUB_TOKEN"] = "ghp_topsecret", ["AICODER_API_KEY"] = "service_topsecret" });

        Assert.DoesNotContain("topsecret", options.ToString(), StringComparison.Ordinal);
        Assert.Equal(["sk-topsecret", "ghp_topsecret", "service_topsecret"], options.Secrets);
    }

    [Fact]
    public void The_queue_is_where_the_Functions_host_has_it()
    {
        var byKey = Read(new() { ["AzureWebJobsStorage"] = ConnectionString }).QueueStorage!;
        Assert.Equal((ConnectionString, null), (byKey.ConnectionString, byKey.QueueServiceUri));

        var byName = Read(new() { ["AzureWebJobsStorage__accountName"] = "shopstorage1", ["AzureWebJobsStorage__clientId"] = "client-1" }).QueueStorage!;
        Assert.Equal(
            ("https://shopstorage1.queue.core.windows.net/", "https://shopstorage1.blob.core.windows.net/", "client-1"),
            (byName.QueueServiceUri!.AbsoluteUri, byName.BlobServiceUri!.AbsoluteUri, byName.ClientId));

        var byAddress = Read(new()
        {
            ["AzureWebJobsStorage__queueServiceUri"] = "https://s.queue.core.chinacloudapi.cn",
            ["AzureWebJobsStorage__blobServiceUri"] = "https://s.blob.core.chinacloudapi.cn",
        }).QueueStorage!;
        Assert.Equal(("s.queue.core.chinacloudapi.cn", "s.blob.core.chinacloudapi.cn"), (byAddress.QueueServiceUri!.Host, byAddress.BlobServiceUri!.Host));

        Assert.Null(Read([]).QueueStorage);
    }

    [Fact]
    public void A_connection_string_and_the_key_in_it_are_secrets()
    {
        var options = Read(new() { ["AzureWebJobsStorage"] = ConnectionString });
        Assert.Equal([ConnectionString, "c2VjcmV0a2V5LW9mLXRoZS1hY2NvdW50=="], options.Secrets);
        Assert.DoesNotContain("c2VjcmV0", options.QueueStorage!.ToString(), StringComparison.Ordinal);
        Assert.Contains("sv=2024&sig=abc%3D", Read(new() { ["AzureWebJobsStorage"] = "QueueEndpoint=https://s.queue.core.windows.net/;SharedAccessSignature=sv=2024&sig=abc%3D" }).Secrets);
    }

    [Fact]
    public void Damaged_settings_of_the_queue_are_named_without_their_secrets()
    {
        var failure = Assert.Throws<FailureException>(() => Read(new() { ["AzureWebJobsStorage"] = "topsecret without a name", ["AzureWebJobsStorage__accountName"] = "No_Name" })).Failure;
        Assert.Contains("AzureWebJobsStorage is no connection string", failure.Message, StringComparison.Ordinal);
        Assert.Contains("AzureWebJobsStorage__accountName is 'No_Name'", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("topsecret", failure.Message, StringComparison.Ordinal);
    }

    private const string ConnectionString =
        "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=c2VjcmV0a2V5LW9mLXRoZS1hY2NvdW50==;EndpointSuffix=core.windows.net";

    private static AiCoderOptions Read(Dictionary<string, string> variables, bool callerIsOperator = true)
    {
        variables.TryAdd("HOME", "/home/someone");
        return EnvironmentReader.Read(variables.GetValueOrDefault, callerIsOperator);
    }
}
