namespace AiCoder.Kubernetes.Clusters;

/// <summary>Texts in a container's command and arguments.</summary>
internal static class ContainerText
{
    /// <summary>
    /// A text that Kubernetes reads as itself: in commands <c>$(NAME)</c> would be a variable, and <c>$$</c> is one <c>$</c>.
    /// </summary>
    public static string Literal(string text) => text.Replace("$", "$$", StringComparison.Ordinal);
}
