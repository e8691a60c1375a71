using System.Globalization;
using System.Numerics;
using AiCoder.Core.Failures;
using AiCoder.Core.Git;
using AiCoder.Core.Models;
using AiCoder.Core.Network;
using AiCoder.Core.Tasks;
using AiCoder.Core.Webhooks;

namespace AiCoder.Core.Configuration;

/// <summary>
/// Turns environment variables into <see cref="AiCoderOptions"/>. The only place that knows their names; lists every problem at
/// once and never prints a value that may be a secret.
/// </summary>
public sealed class EnvironmentReader
{
    private static readonly AiCoderOptions Defaults = new() { WorkspaceDir = "", StateDir = "" };

    private readonly Func<string, string?> _variable;
    private readonly List<string> _problems = [];

    private EnvironmentReader(Func<string, string?> variable) => _variable = variable;

    /// <summary>Reads the options.</summary>
    /// <param name="variable">Gives a variable's value, or null.</param>
    /// <param name="callerIsOperator">True on the command line: see <see cref="AiCoderOptions.CallerIsOperator"/>.</param>
    /// <exception cref="FailureException"><c>system/configuration</c>, with every problem on a line of its own.</exception>
    public static AiCoderOptions Read(Func<string, string?> variable, bool callerIsOperator)
    {
        var reader = new EnvironmentReader(variable);
        var options = reader.ReadAll(callerIsOperator);
        return reader._problems.Count == 0
            ? options
            : throw new FailureException(FailureCodes.Configuration, Sentence(reader._problems));
    }

    /// <summary>The problems as one message.</summary>
    public static string Sentence(IReadOnlyList<string> problems) =>
        problems.Count == 1 ? problems[0] : string.Join('\n', problems.Select(problem => $"- {problem}").Prepend($"{problems.Count} problems:"));

    private AiCoderOptions ReadAll(bool callerIsOperator)
    {
        var workspace = Directory("WORKSPACE_DIR") ?? DefaultWorkspace();
        var sandbox = Choice<SandboxKind>("SANDBOX") ?? Defaults.Sandbox;
        return new AiCoderOptions
        {
            ApiKey = Text("OPENAI_API_KEY", "LLM_API_KEY"),
            BaseUrl = Address("OPENAI_BASE_URL", "LLM_BASE_URL") ?? Defaults.BaseUrl,
            Model = Text("OPENAI_MODEL", "MODEL_NAME") ?? Defaults.Model,
            AzureOpenAiEndpoint = Address("AZURE_OPENAI_ENDPOINT"),
            AzureOpenAiApiKey = Text("AZURE_OPENAI_API_KEY"),
            ToolCalls = Choice<ToolCallMode>("TOOL_CALLS") ?? Defaults.ToolCalls,
            GitUserName = PersonPart("GIT_USERNAME") ?? Defaults.GitUserName,
            GitEmail = PersonPart("GIT_EMAIL") ?? Defaults.GitEmail,
            GitLabApiToken = Text("GITLAB_API_TOKEN"),
            GitHubToken = Text("GITHUB_TOKEN"),
            GitLabHosts = List("GITLAB_HOSTS"),
            GitHubHosts = List("GITHUB_HOSTS"),
            WebhookUrl = Address("WEBHOOK_URL"),
            WebhookSecret = WebhookSecret(),
            WorkspaceDir = workspace,
            StateDir = Directory("STATE_DIR") ?? Path.Combine(workspace, ".state"),
            MaxIterations = Number("MAX_ITERATIONS", least: 1, most: TaskAcceptance.MostIterations) ?? Defaults.MaxIterations,
            OutputLanguage = LanguageTag("OUTPUT_LANGUAGE"),
            Sandbox = sandbox,
            KubernetesSandbox = sandbox == SandboxKind.Kubernetes ? new KubernetesSandboxReader(name => Text(name), _problems).Read() : null,
            QwenCodeDir = Directory("QWEN_CODE_DIR"),
            SandboxNetwork = Choice<ValidationNetwork>("SANDBOX_NETWORK")
                ?? (callerIsOperator ? ValidationNetwork.Prepare : Defaults.SandboxNetwork),
            AllowedNetworks = Networks("ALLOWED_NETWORKS"),
            MaxConcurrentTasks = Number("MAX_CONCURRENT_TASKS", least: 1, most: 1000) ?? Defaults.MaxConcurrentTasks,
            RetentionDays = Number("RETENTION_DAYS", least: 0, most: 3650) ?? Defaults.RetentionDays,
            ModelPrices = Prices(),
            DailyMaxTokens = Number<long>("DAILY_MAX_TOKENS", NumberStyles.None, "a whole number", least: 1, most: 1_000_000_000_000_000),
            DailyMaxCostUsd = Number<decimal>("DAILY_MAX_COST_USD", NumberStyles.AllowDecimalPoint, "a number of US dollars", least: 0.0001m, most: 1_000_000_000m),
            ServiceKey = ServiceKey(),
            Urls = Text("ASPNETCORE_URLS"),
            RequestsPerMinute = Number("REQUESTS_PER_MINUTE", least: 1, most: 100_000) ?? Defaults.RequestsPerMinute,
            QueueStorage = QueueStorage(),
            Telemetry = Telemetry(),
            KeyVaultCertificate = KeyVaultCertificate(),
            CallerIsOperator = callerIsOperator,
            GitEnvironment = GitSettings.EnvironmentNames
                .Select(name => KeyValuePair.Create(name, Text(name)))
                .Where(variable => variable.Value is not null)
                .ToDictionary(variable => variable.Key, variable => variable.Value!),
        };
    }

    /// <summary>The first of the names that is set to something; surrounding white space is no part of a value.</summary>
    private string? Text(params string[] names) =>
        names.Select(name => _variable(name)?.Trim()).FirstOrDefault(value => !string.IsNullOrEmpty(value));

    private Uri? Address(params string[] names)
    {
        var name = names.FirstOrDefault(candidate => Text(candidate) is not null);
        if (name is null)
            return null;
        if (Uri.TryCreate(Text(name), UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0)
            return uri;
        // The value is not repeated: an address with a password in it is one of the ways to get here.
        _problems.Add($"{name} is no http(s) address without user information; give one like https://example.com/v1.");
        return null;
    }

    private string? Directory(string name)
    {
        if (Text(name) is not { } value)
            return null;
        if (value.Contains('\0', StringComparison.Ordinal))
        {
            _problems.Add($"{name} is no path.");
            return null;
        }

        return Path.GetFullPath(value);
    }

    private string DefaultWorkspace()
    {
        var home = Text("HOME");
        if (home is null)
            _problems.Add("WORKSPACE_DIR is not set, and neither is HOME to put a workspace in; set WORKSPACE_DIR to a folder that may be written.");
        return Path.Combine(home ?? "/", ".aicoder");
    }

    // git forbids these in an identity, and a line break would forge a header of the commit.
    private string? PersonPart(string name)
    {
        var value = Text(name);
        if (value is null || value.IndexOfAny(['<', '>', '\n', '\r', '\0']) < 0)
            return value;
        _problems.Add($"{name} must be one line without < and >.");
        return null;
    }

    // RFC 5646: a language of 2 to 8 letters, and subtags of 1 to 8 letters and digits. It becomes a part of the model's orders.
    private string? LanguageTag(string name)
    {
        if (Text(name) is not { } value)
            return null;
        var parts = value.Split('-');
        if (value.Length <= 35 && parts[0].Length is >= 2 and <= 8 && parts[0].All(char.IsAsciiLetter) && parts.All(part => part.Length is >= 1 and <= 8 && part.All(char.IsAsciiLetterOrDigit)))
            return value;
        _problems.Add($"{name} is '{value}'; it must be a language tag (BCP 47) such as zh-CN or en.");
        return null;
    }

    private string? WebhookSecret()
    {
        var value = Text("WEBHOOK_SECRET");
        if (value is not null && WebhookSignature.IsDamaged(value))
            _problems.Add("WEBHOOK_SECRET begins with whsec_ but what follows is not base64.");
        return value;
    }

    private string? ServiceKey()
    {
        var value = Text("AICODER_API_KEY");
        if (value is null)
            return null;
        if (value.Length < AiCoderOptions.ShortestServiceKey)
            _problems.Add($"AICODER_API_KEY has {value.Length} characters; it must have at least {AiCoderOptions.ShortestServiceKey}, like the output of 'openssl rand -hex 24'.");
        // What no header can carry would shut everybody out.
        else if (!value.All(letter => letter is > ' ' and <= '~'))
            _problems.Add("AICODER_API_KEY may have letters, digits and punctuation of ASCII only, and no spaces.");
        return value;
    }

    // Whether all that the queue needs is there is asked where somebody wants the queue: a Functions app may set some of it only.
    private QueueStorageOptions? QueueStorage()
    {
        const string prefix = "AzureWebJobsStorage";
        const string account = prefix + "__accountName";
        var connectionString = Text(prefix);
        if (connectionString is not null && !QueueStorageOptions.Parts(connectionString).All(part => part is { Name.Length: > 0, Value.Length: > 0 }))
            _problems.Add($"{prefix} is no connection string; copy one from the storage account's access keys, or leave it out and set {account} to use an identity.");
        var name = Text(account);
        if (name is not null && (name.Length is < 3 or > 24 || !name.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character))))
        {
            _problems.Add($"{account} is '{name}'; it must be a storage account's name: 3 to 24 small letters and digits.");
            return null;
        }

        var storage = new QueueStorageOptions
        {
            ConnectionString = connectionString,
            QueueServiceUri = Address(prefix + "__queueServiceUri") ?? ServiceOf("queue"),
            BlobServiceUri = Address(prefix + "__blobServiceUri") ?? ServiceOf("blob"),
            ClientId = Text(prefix + "__clientId"),
        };
        return storage is { ConnectionString: null, QueueServiceUri: null, BlobServiceUri: null } ? null : storage;

        Uri? ServiceOf(string service) => name is null ? null : new Uri($"https://{name}.{service}.core.windows.net");
    }

    // The variables that decide whether and where to; the OpenTelemetry SDK reads all others of OTEL_* itself.
    private TelemetryOptions Telemetry()
    {
        var general = Address("OTEL_EXPORTER_OTLP_ENDPOINT");
        return string.Equals(Text("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase)
            ? new()
            : new()
            {
                OtlpTraces = Otlp("TRACES", general),
                OtlpMetrics = Otlp("METRICS", general),
                ApplicationInsights = ApplicationInsights(),
            };
    }

    private OtlpSignal? Otlp(string signal, Uri? general)
    {
        var own = Address($"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT");
        if ((own ?? general) is null || string.Equals(Text($"OTEL_{signal}_EXPORTER"), "none", StringComparison.OrdinalIgnoreCase))
            return null;
        var name = $"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL";
        if (Text(name, "OTEL_EXPORTER_OTLP_PROTOCOL") is { } protocol and not ("grpc" or "http/protobuf"))
            _problems.Add($"{(Text(name) is null ? "OTEL_EXPORTER_OTLP_PROTOCOL" : name)} is '{protocol}'; it must be grpc or http/protobuf.");
        return new(own, Text(name), Text($"OTEL_EXPORTER_OTLP_{signal}_HEADERS")) { GeneralHeaders = Text("OTEL_EXPORTER_OTLP_HEADERS") };
    }

    private string? ApplicationInsights()
    {
        if (Text("APPLICATIONINSIGHTS_CONNECTION_STRING") is not { } value)
            return null;
        var key = value.Split(';', StringSplitOptions.TrimEntries).Select(part => part.Split('=', 2))
            .FirstOrDefault(part => part.Length == 2 && part[0].Equals("InstrumentationKey", StringComparison.OrdinalIgnoreCase));
        if (key is not null && Guid.TryParse(key[1], out _))
            return value;
        _problems.Add("APPLICATIONINSIGHTS_CONNECTION_STRING has no InstrumentationKey; copy the connection string of the resource's overview.");
        return null;
    }

    private Uri? KeyVaultCertificate()
    {
        if (Text("KEY_VAULT_CERTIFICATE") is not { } value)
            return null;
        // No vault speaks http, and a certificate fetched that way could be anybody's.
        if (Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps && uri.UserInfo.Length == 0 && uri.Query.Length == 0
            && uri.AbsolutePath.Trim('/').Split('/') is ["secrets" or "certificates", _] or ["secrets" or "certificates", _, _])
        {
            return uri;
        }

        _problems.Add("KEY_VAULT_CERTIFICATE is no address of a certificate in Azure Key Vault; give one like https://<vault>.vault.azure.net/secrets/<name>.");
        return null;
    }

    private IReadOnlyDictionary<string, ModelPrice> Prices()
    {
        if (Text(PriceTable.Variable) is not { } value)
            return Defaults.ModelPrices;
        var (prices, problems) = PriceTable.Read(value);
        _problems.AddRange(problems);
        return prices;
    }

    private int? Number(string name, int least, int most) => Number(name, NumberStyles.None, "a whole number", least, most);

    private T? Number<T>(string name, NumberStyles style, string what, T least, T most)
        where T : struct, INumber<T>
    {
        if (Text(name) is not { } value)
            return null;
        if (T.TryParse(value, style, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;
        _problems.Add(string.Create(CultureInfo.InvariantCulture, $"{name} is '{value}'; it must be {what} from {least} to {most}."));
        return null;
    }

    private T? Choice<T>(string name)
        where T : struct, Enum
    {
        if (Text(name) is not { } value)
            return null;
        foreach (var choice in Enum.GetValues<T>())
        {
            if (AiCoderJson.NameOf(choice).Equals(value, StringComparison.OrdinalIgnoreCase))
                return choice;
        }

        _problems.Add($"{name} is '{value}'; it must be one of {string.Join(", ", Enum.GetValues<T>().Select(AiCoderJson.NameOf))}.");
        return null;
    }

    private string[] Networks(string name)
    {
        var entries = List(name);
        foreach (var entry in entries.Where(entry => !AllowedNetwork.TryParse(entry, out _)))
            _problems.Add($"{name} holds '{entry}'; it must be a host, *.suffix, an address or a CIDR like 10.0.0.0/8.");
        return entries;
    }

    private string[] List(string name) =>
        Text(name)?.Split([',', ' ', ';'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
