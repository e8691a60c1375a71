namespace AiCoder.Core.Workspaces;

/// <summary>The name of a git object. Anything else given to git in its place could be an option or an expression.</summary>
internal static class ObjectName
{
    public static string Require(string name) =>
        name.Length is 40 or 64 && name.All(char.IsAsciiHexDigitLower)
            ? name
            : throw new ArgumentException($"'{name}' is no object's name.", nameof(name));
}
