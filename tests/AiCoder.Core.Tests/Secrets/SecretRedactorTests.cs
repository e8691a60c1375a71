using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AiCoder.Core.Secrets;

namespace AiCoder.Core.Tests.Secrets;

public sealed class SecretRedactorTests
{
    private const string Token = "glpat-x_Y+9/ä?&=\"q'z";

    [Fact]
    public void A_secret_is_masked_as_it_is() =>
        Assert.Equal("a [redacted] b [redacted]", new SecretRedactor(["hunter22"]).Redact("a hunter22 b hunter22"));

    [Fact]
    public void A_line_of_a_log_stays_one_bounded_line()
    {
        var line = new SecretRedactor(["hunter22"]).RedactLine("a\r\nError: hunter22\u001b[2J" + new string('x', 5_000));
        Assert.StartsWith("a  Error: [redacted] [2Jxxx", line, StringComparison.Ordinal);
        Assert.Equal(1_000, line.Length);
    }

    [Fact]
    public void The_forms_that_programs_print_are_masked()
    {
        var redactor = new SecretRedactor([Token]);
        string[] forms =
        [
            Uri.EscapeDataString(Token), WebUtility.UrlEncode(Token), JsonEncodedText.Encode(Token).ToString(),
            JsonEncodedText.Encode(Token, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString(), Convert.ToBase64String(Encoding.UTF8.GetBytes(Token)),
        ];
        Assert.All(forms, form => Assert.Equal("x [redacted] y", redactor.Redact($"x {form} y").Replace("[redacted]=", "[redacted]", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("u")]
    [InlineData("oauth2")]
    [InlineData("x-access-token")]
    [InlineData("中文用户")]
    public void A_basic_login_is_masked_whoever_the_user_is(string user)
    {
        var secret = "0123456789abcdefghij";
        var header = "Authorization: Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{secret}"));
        var redacted = new SecretRedactor([secret]).Redact(header);

        Assert.Contains(SecretRedactor.Mask, redacted, StringComparison.Ordinal);
        var left = redacted.Replace(SecretRedactor.Mask, "", StringComparison.Ordinal).Split(' ')[^1].TrimEnd('=');
        var userOnly = Convert.ToBase64String(Encoding.UTF8.GetBytes(user + ":")).TrimEnd('=');
        Assert.True(left.Length <= userOnly.Length + 2, redacted);
    }

    [Fact]
    public void A_private_key_is_masked_line_by_line()
    {
        var key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\nQyNTUxOQAAACAlongenough==\n-----END OPENSSH PRIVATE KEY-----\n";
        var redactor = new SecretRedactor([key]);
        Assert.DoesNotContain("QyNTUxOQ", redactor.Redact("    QyNTUxOQAAACAlongenough==\r\n"), StringComparison.Ordinal);
        Assert.DoesNotContain("b3Blbn", redactor.Redact(JsonSerializer.Serialize(key)), StringComparison.Ordinal);
        Assert.DoesNotContain("b3Blbn", redactor.Redact(key.Replace("\n", "\r\n", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal("-----BEGIN CERTIFICATE-----", redactor.Redact("-----BEGIN CERTIFICATE-----"));
    }

    [Fact]
    public void Secrets_that_overlap_leave_nothing_of_either() =>
        Assert.Equal("x[redacted]y", new SecretRedactor(["abcdefgh", "efghijkl", "ghij"]).Redact("xabcdefghijkly"));

    [Theory]
    [InlineData("EMPTY")]
    [InlineData("ollama")]
    [InlineData("not-needed")]
    public void A_word_that_stands_where_no_key_is_needed_is_no_secret(string word) =>
        Assert.Equal($"the {word} list", new SecretRedactor([word]).Redact($"the {word} list"));

    [Fact]
    public void Text_without_secrets_stays_as_it_is()
    {
        Assert.Equal("中文 text", new SecretRedactor(["abc", "", "  "]).Redact("中文 text"));
        Assert.Equal("abc", SecretRedactor.None.Redact("abc"));
        Assert.Equal(-1, new SecretRedactor(["hunter22"]).IndexOf("hunter"));
    }
}
