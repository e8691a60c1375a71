namespace AiCoder.Core.Secrets;

/// <summary>Takes known secrets out of text before it is kept, shown or sent.</summary>
public sealed class SecretRedactor(IEnumerable<string> secrets)
{
    public const string Mask = "[redacted]";

    private readonly string[] _secrets = [.. secrets.Where(secret => secret.Length >= 4).Distinct().OrderByDescending(secret => secret.Length)];

    public static SecretRedactor None { get; } = new([]);

    public string Redact(string text) =>
        _secrets.Aggregate(text, (current, secret) => current.Replace(secret, Mask, StringComparison.Ordinal));
}
