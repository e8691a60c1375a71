namespace AiCoder.Demo;

/// <summary>What a <see cref="GitServer"/> says instead of git.</summary>
/// <param name="Status">The HTTP status.</param>
public sealed record GitServerAnswer(int Status)
{
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
    public string Body { get; init; } = "";

    /// <summary>A redirect to another address.</summary>
    public static GitServerAnswer Redirect(string location, int status = 301) =>
        new(status) { Headers = new Dictionary<string, string> { ["Location"] = location } };
}
