using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace AiCoder.Core.Secrets;

/// <summary>
/// Finds well-known shapes of secrets in text. Made for refusing a commit, so it prefers to miss one over crying wolf: shapes with
/// a fixed prefix only, no samples of documentation, no placeholders, tokens only while they are valid.
/// </summary>
public sealed partial class SecretScanner(TimeProvider time)
{
    // Bits a character: random base62 of 20 characters has about 4, "aaaa…" 0, a made-up word with digits about 3.
    private const double LeastEntropy = 3.2;

    private static readonly string[] Placeholders =
    [
        "example", "sample", "dummy", "placeholder", "changeme", "redacted", "your", "fake", "xxxx", "0000000", "1234567", "abcdefg",
    ];

    // The key of the Azure storage emulators, printed in their documentation.
    private const string AzuriteKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly Rule[] Rules =
    [
        new("GitHub token", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], GitHubToken()),
        new("GitHub token", ["github_pat_"], GitHubFineGrainedToken()),
        new("GitLab token", ["glpat-", "glptt-", "gldt-", "glrt-", "glcbt-", "glsoat-", "glft-", "glagent-"], GitLabToken()),
        new("OpenAI key", ["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-"], OpenAiProjectKey()),
        new("Anthropic key", ["sk-ant-"], AnthropicKey()),
        new("OpenRouter key", ["sk-or-v1-"], OpenRouterKey()),
        new("model API key (sk-)", ["sk-"], PlainModelKey()),
        new("AWS access key", ["AKIA", "ASIA"], AwsAccessKey()),
        new("AWS secret key", ["aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "aws_secret_key", "AWS_SECRET_KEY"], AwsSecretKey()),
        new("Azure storage key", ["AccountKey="], AzureStorageKey()),
        new("Azure shared access key", ["SharedAccessKey="], AzureSharedAccessKey()),
        new("Azure SAS signature", ["sig="], AzureSas()),
        new("Azure client secret", ["7Q~", "8Q~"], AzureClientSecret(), Before: 3),
        new("Azure DevOps token", ["AZDO"], AzureDevOpsToken(), Before: 76),
        new("Slack token", ["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-"], SlackToken()),
        new("Slack token", ["xapp-"], SlackAppToken()),
        new("Slack webhook", ["hooks.slack.com/services/"], SlackWebhook()),
        new("Google API key", ["AIza"], GoogleApiKey()),
        new("Google client secret", ["GOCSPX-"], GoogleClientSecret()),
        new("Alibaba Cloud access key", ["LTAI"], AlibabaAccessKey()),
        new("Tencent Cloud secret id", ["AKID"], TencentSecretId()),
        new("Stripe key", ["sk_live_", "rk_live_"], StripeKey()),
        new("npm token", ["npm_"], NpmToken()),
        new("PyPI token", ["pypi-AgEIcHlwaS5vcmc"], PyPiToken()),
        new("Hugging Face token", ["hf_"], HuggingFaceToken()),
        new("SendGrid key", ["SG."], SendGridKey()),
        new("private key", ["-----BEGIN "], PrivateKey()) { IsRandom = false },
        new("JSON web token", ["eyJ"], JsonWebToken()) { IsRandom = false, IsWebToken = true },
    ];

    private static readonly SearchValues<string> AllPrefixes =
        SearchValues.Create([.. Rules.SelectMany(rule => rule.Prefixes).Distinct()], StringComparison.Ordinal);

    /// <summary>What looks like a secret, in order.</summary>
    public IReadOnlyList<SecretFinding> Scan(string text)
    {
        var findings = new List<SecretFinding>();
        var line = 1;
        var counted = 0;
        for (var index = NextPrefix(text, 0); index >= 0; index = NextPrefix(text, index))
        {
            if (MatchAt(text, index) is not { } match)
            {
                index++;
                continue;
            }

            line += text.AsSpan(counted, match.Start - counted).Count('\n');
            counted = match.Start;
            findings.Add(new(line, match.Kind, text[match.Start..match.End]));
            index = match.End;
        }

        return findings;
    }

    private static int NextPrefix(string text, int from)
    {
        if (from >= text.Length)
            return -1;
        var index = text.AsSpan(from).IndexOfAny(AllPrefixes);
        return index < 0 ? -1 : index + from;
    }

    private (string Kind, int Start, int End)? MatchAt(string text, int index)
    {
        foreach (var rule in Rules)
        {
            var start = index - rule.Before;
            if (start < 0 || !rule.Prefixes.Any(prefix => text.AsSpan(index).StartsWith(prefix, StringComparison.Ordinal)))
                continue;
            var match = rule.Pattern.Match(text, start);
            if (match.Success && match.Index == start && !IsPartOfAWord(text, start) && IsLikely(rule, match))
                return (rule.Kind, start, start + match.Length);
        }

        return null;
    }

    private static bool IsPartOfAWord(string text, int start) =>
        start > 0 && (char.IsAsciiLetterOrDigit(text[start]) && (char.IsAsciiLetterOrDigit(text[start - 1]) || text[start - 1] is '_'));

    private bool IsLikely(Rule rule, Match match)
    {
        if (rule.IsWebToken)
            return IsLiveToken(match.Value);
        if (!rule.IsRandom)
            return true;
        var value = match.Groups["key"].Success ? match.Groups["key"].Value : match.Value;
        return value != AzuriteKey
            && Entropy(value) >= LeastEntropy
            && !Placeholders.Any(word => value.Contains(word, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>
    /// Web tokens stand in many tests. One that has expired, or has neither expiry nor a known issuer, opens nothing.
    /// </summary>
    private bool IsLiveToken(string token)
    {
        var payload = token.Split('.')[1];
        try
        {
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(payload));
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return false;
            if (root.TryGetProperty("exp", out var expiry) && expiry.TryGetDouble(out var seconds))
                return seconds > time.GetUtcNow().ToUnixTimeSeconds();
            return root.TryGetProperty("iss", out var issuer) && issuer.ValueEquals("kubernetes/serviceaccount");
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException)
        {
            return false;
        }
    }

    private static double Entropy(string text)
    {
        var counts = new Dictionary<char, int>();
        foreach (var character in text)
            counts[character] = counts.GetValueOrDefault(character) + 1;
        return -counts.Values.Sum(count => (double)count / text.Length * Math.Log2((double)count / text.Length));
    }

    private sealed record Rule(string Kind, string[] Prefixes, Regex Pattern, int Before = 0)
    {
        /// <summary>The value is random by its nature, so one that is not is a placeholder.</summary>
        public bool IsRandom { get; init; } = true;
        public bool IsWebToken { get; init; }
    }

    [GeneratedRegex(@"\Ggh[pousr]_(?<key>[A-Za-z0-9]{36,255})(?![A-Za-z0-9_])")]
    private static partial Regex GitHubToken();

    [GeneratedRegex(@"\Ggithub_pat_(?<key>[A-Za-z0-9]{22}_[A-Za-z0-9]{59})(?![A-Za-z0-9_])")]
    private static partial Regex GitHubFineGrainedToken();

    [GeneratedRegex(@"\Ggl[a-z]{2,5}-(?<key>[A-Za-z0-9_-]{20,300}(?:\.[a-z0-9]{2}\.[a-z0-9]{7,9})?)(?![A-Za-z0-9_-])")]
    private static partial Regex GitLabToken();

    [GeneratedRegex(@"\Gsk-(?:proj|svcacct|admin|None)-(?<key>[A-Za-z0-9_-]{40,300})")]
    private static partial Regex OpenAiProjectKey();

    [GeneratedRegex(@"\Gsk-ant-[a-z0-9]{2,10}-(?<key>[A-Za-z0-9_-]{80,200})")]
    private static partial Regex AnthropicKey();

    [GeneratedRegex(@"\Gsk-or-v1-(?<key>[0-9a-f]{64})(?![A-Za-z0-9])")]
    private static partial Regex OpenRouterKey();

    // OpenAI's older keys (48), DashScope and DeepSeek (32 hex), Moonshot (48) and their like: at least one digit and one letter.
    [GeneratedRegex(@"\Gsk-(?<key>(?=[a-zA-Z]*[0-9])(?=[0-9]*[a-zA-Z])[A-Za-z0-9]{32,64})(?![A-Za-z0-9_-])")]
    private static partial Regex PlainModelKey();

    [GeneratedRegex(@"\GA[KS]IA(?<key>[A-Z2-7]{16})(?![A-Za-z0-9])")]
    private static partial Regex AwsAccessKey();

    [GeneratedRegex(@"\Gaws_secret_(?:access_)?key[""']?\s{0,4}(?:=|:)\s{0,4}[""']?(?<key>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])", RegexOptions.IgnoreCase)]
    private static partial Regex AwsSecretKey();

    [GeneratedRegex(@"\GAccountKey=(?<key>[A-Za-z0-9+/]{86}==)")]
    private static partial Regex AzureStorageKey();

    [GeneratedRegex(@"\GSharedAccessKey=(?<key>[A-Za-z0-9+/]{43}=)")]
    private static partial Regex AzureSharedAccessKey();

    [GeneratedRegex(@"(?<=[?&;][^\s""'<>]{0,300}sv=20\d\d-\d\d-\d\d[^\s""'<>]{0,300})\Gsig=(?<key>(?:[A-Za-z0-9]|%2[BbFf]|[+/]){43,90}(?:=|%3[Dd]))")]
    private static partial Regex AzureSas();

    [GeneratedRegex(@"\G(?<key>[A-Za-z0-9_.-]{3}[78]Q~[A-Za-z0-9_.~-]{31,34})(?![A-Za-z0-9_.~-])")]
    private static partial Regex AzureClientSecret();

    [GeneratedRegex(@"\G(?<key>[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4})(?![A-Za-z0-9])")]
    private static partial Regex AzureDevOpsToken();

    [GeneratedRegex(@"\Gxox[bparse](?:-\d)?-(?<key>\d{9,13}-[A-Za-z0-9-]{20,150})")]
    private static partial Regex SlackToken();

    [GeneratedRegex(@"\Gxapp-\d-(?<key>[A-Z0-9]{9,13}-\d{9,15}-[a-f0-9]{40,70})")]
    private static partial Regex SlackAppToken();

    [GeneratedRegex(@"\Ghooks\.slack\.com/services/(?<key>T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24})")]
    private static partial Regex SlackWebhook();

    [GeneratedRegex(@"\GAIza(?<key>[A-Za-z0-9_-]{35})(?![A-Za-z0-9_-])")]
    private static partial Regex GoogleApiKey();

    [GeneratedRegex(@"\GGOCSPX-(?<key>[A-Za-z0-9_-]{28})(?![A-Za-z0-9_-])")]
    private static partial Regex GoogleClientSecret();

    [GeneratedRegex(@"\GLTAI(?<key>(?=[a-zA-Z]*[0-9])[A-Za-z0-9]{12,20})(?![A-Za-z0-9])")]
    private static partial Regex AlibabaAccessKey();

    [GeneratedRegex(@"\GAKID(?<key>(?=[a-zA-Z]*[0-9])[A-Za-z0-9]{32})(?![A-Za-z0-9])")]
    private static partial Regex TencentSecretId();

    [GeneratedRegex(@"\G[sr]k_live_(?<key>[A-Za-z0-9]{24,250})(?![A-Za-z0-9])")]
    private static partial Regex StripeKey();

    [GeneratedRegex(@"\Gnpm_(?<key>[A-Za-z0-9]{36})(?![A-Za-z0-9])")]
    private static partial Regex NpmToken();

    [GeneratedRegex(@"\Gpypi-AgEIcHlwaS5vcmc(?<key>[A-Za-z0-9_-]{50,400})")]
    private static partial Regex PyPiToken();

    [GeneratedRegex(@"\Ghf_(?<key>[A-Za-z]{34})(?![A-Za-z0-9])")]
    private static partial Regex HuggingFaceToken();

    [GeneratedRegex(@"\GSG\.(?<key>[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])")]
    private static partial Regex SendGridKey();

    // A body of base64 belongs to it: code that only looks for the header is no secret. Line breaks may be escaped, as in JSON.
    [GeneratedRegex(@"\G-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----(?:[\s""'+,\\]|\\[nr]|(?:Proc-Type|DEK-Info|Version|Comment):[^\r\n]{0,100}){1,60}[A-Za-z0-9+/=]{40}")]
    private static partial Regex PrivateKey();

    [GeneratedRegex(@"\GeyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{20,2000}")]
    private static partial Regex JsonWebToken();
}
