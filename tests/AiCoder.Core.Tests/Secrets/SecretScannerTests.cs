using System.Buffers.Text;
using System.Diagnostics;
using System.Text;
using AiCoder.Core.Secrets;

namespace AiCoder.Core.Tests.Secrets;

public sealed class SecretScannerTests
{
    // Put together at run time, so that no scanner takes this file for a leak.
    private const string Random = "kZ8vQ2mX4tR9wL7pN3sY6bH1cJ5dF0gAeVuTiOyWqKrMzPlXnCbGhSjDf8a2E4rT6yU9iO3pQ7wZ1xV5";
    private const string Hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    private readonly SecretScanner _scanner = new(TimeProvider.System);

    public static TheoryData<string, string> Secrets => new()
    {
        { "GitHub token", "ghp_" + Random[..36] },
        { "GitHub token", "github_pat_" + Random[..22] + "_" + Random[..59] },
        { "GitLab token", "glpat-" + Random[..20] },
        { "GitLab token", "glpat-" + Random[..40] + ".01.0w1abcdef" },
        { "OpenAI key", "sk-proj-" + Random[..60] },
        { "Anthropic key", "sk-ant-api03-" + Random + "_-x" },
        { "model API key (sk-)", "sk-" + Random[..48] },
        { "model API key (sk-)", "sk-" + Hex[..32] },
        { "AWS access key", "AKIA" + "Q2ZR4WLP6N3SYBHC" },
        { "AWS secret key", "aws_secret_access_key = " + Random[..40] },
        { "Azure storage key", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + (Random + Random)[..86] + "==" },
        { "Azure shared access key", "Endpoint=sb://a/;SharedAccessKeyName=b;SharedAccessKey=" + Random[..43] + "=" },
        { "Azure SAS signature", "https://a.blob.core.windows.net/c?sv=2024-11-04&se=2030-01-01&sig=" + Random[..43] + "%3D" },
        { "Azure client secret", "abc8Q~" + Random[..34] },
        { "Slack token", "xoxb-" + "402871930562-5910473826194-" + Random[..24] },
        { "Google API key", "AIza" + Random[..35] },
        { "Alibaba Cloud access key", "LTAI" + "5tQ2mX4tR9wL7pN3sY6b" },
        { "Stripe key", "sk_live_" + Random[..24] },
        { "npm token", "npm_" + Random[..36] },
        { "private key", "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA" + Random + "\n" },
        { "private key", "\"-----BEGIN " + "PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA" + Random + "\\n" },
        { "private key", "-----BEGIN RSA " + "PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,ABCDEF\n\nMIIEpAIBAAKCAQEA" + Random + "\n" },
        { "JSON web token", WebToken("""{"sub":"1","exp":32503680000}""") },
        { "JSON web token", WebToken("""{"iss":"kubernetes/serviceaccount"}""") },
    };

    [Theory]
    [MemberData(nameof(Secrets))]
    public void A_secret_of_a_known_shape_is_found_with_its_line(string kind, string secret)
    {
        foreach (var text in new[] { secret, $"# 配置\n\nkey: \"{secret}\"\n", $"\r\n\nX={secret}" })
        {
            var finding = Assert.Single(_scanner.Scan(text));
            Assert.Equal(kind, finding.Kind);
            Assert.Equal(1 + text[..text.IndexOf(secret[..8], StringComparison.Ordinal)].Count(character => character == '\n'), finding.Line);
            Assert.DoesNotContain(secret[4..], finding.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")]
    [InlineData("ghp_yourTokenGoesHere00000000000000000000")]
    [InlineData("glpat-xxxxxxxxxxxx")]
    [InlineData("export OPENAI_API_KEY=sk-your-api-key-here")]
    [InlineData("sk-1234567890abcdef1234567890abcdef")]
    [InlineData("class=\"sk-folding-cube sk-fading-circle-and-more-words-here\"")]
    [InlineData("task-9f86d081884c7d659a2feaa0c55ad015")]
    [InlineData("disk-9f86d081884c7d659a2feaa0c55ad015")]
    [InlineData("AKIAIOSFODNN7EXAMPLE")]
    [InlineData("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")]
    [InlineData("AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==")]
    [InlineData("if text.startswith('-----BEGIN PRIVATE KEY-----'): pass")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAabcdefghijkl\n")]
    [InlineData("-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQG\n")]
    [InlineData("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c")]
    [InlineData("sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==")]
    [InlineData("AKIDxxxx npm_config_registry hf_transfer SG.x eyJ")]
    public void What_only_looks_like_one_is_left_alone(string text) => Assert.Empty(_scanner.Scan(text));

    [Fact]
    public void A_web_token_that_has_expired_is_left_alone() => Assert.Empty(_scanner.Scan(WebToken("""{"sub":"1","exp":1516239022}""")));

    [Fact]
    public void Several_secrets_are_found_in_order()
    {
        var text = $"a\nghp_{Random[..36]}\nb\nsk-{Hex[..32]} AKIA{"Q2ZR4WLP6N3SYBHC"}\n";
        Assert.Equal([2, 4, 4], _scanner.Scan(text).Select(finding => finding.Line));
    }

    [Theory]
    [InlineData("-----BEGIN PRIVATE KEY----- \\n \\n ")]
    [InlineData("eyJaaaaaaaaaaaa.eyJaaaaaaaaaaaaa.")]
    [InlineData("?sv=2024-11-04&sig=")]
    [InlineData("sk-")]
    public void A_hostile_file_is_scanned_in_linear_time(string piece)
    {
        var text = new StringBuilder().Insert(0, piece, 4_000_000 / piece.Length).ToString();
        var watch = Stopwatch.StartNew();
        _scanner.Scan(text);
        Assert.True(watch.Elapsed < TimeSpan.FromMinutes(2), $"{watch.Elapsed}");
    }

    private static string WebToken(string payload) =>
        $"{Encode("""{"alg":"RS256"}""")}.{Encode(payload)}.{Random[..43]}";

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
