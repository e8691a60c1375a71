namespace AiCoder.Core.Secrets;

/// <summary>Something that looks like a secret.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Kind">What it looks like, for a person: <c>GitHub token</c>.</param>
/// <param name="Value">The secret itself: to compare, never to show.</param>
public sealed record SecretFinding(int Line, string Kind, string Value)
{
    /// <summary>Prints no secret, whoever logs this.</summary>
    public override string ToString() => $"{Kind} in line {Line}";
}
