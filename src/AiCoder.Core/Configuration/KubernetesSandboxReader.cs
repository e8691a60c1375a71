using System.Text.RegularExpressions;

namespace AiCoder.Core.Configuration;

/// <summary>The variables of SANDBOX=kubernetes, read only there: what is left of them elsewhere means nothing.</summary>
internal sealed partial class KubernetesSandboxReader(Func<string, string?> text, List<string> problems)
{
    private const int LongestImage = 500;
    private const int LongestName = 253;

    /// <summary>Whether a text may be an image's name, with its registry, tag and digest. Whether there is one, the node says.</summary>
    public static bool IsImage(string image) => image.Length <= LongestImage && ImagePattern().IsMatch(image);

    public KubernetesSandboxOptions Read()
    {
        var claim = Name("SANDBOX_VOLUME_CLAIM");
        if (text("SANDBOX_VOLUME_CLAIM") is null)
            problems.Add("SANDBOX=kubernetes needs SANDBOX_VOLUME_CLAIM: the persistent volume claim that holds WORKSPACE_DIR, for the sandboxes to mount.");
        return new()
        {
            VolumeClaim = claim ?? "",
            VolumeSubPath = SubPath(),
            Namespace = Name("SANDBOX_NAMESPACE"),
            Image = Image(),
            AllowedImages = AllowedImages(),
            Node = Name("SANDBOX_NODE"),
            Cpu = Quantity("SANDBOX_CPU", CpuPattern(), "'2' or '1500m'") ?? "2",
            Memory = Quantity("SANDBOX_MEMORY", MemoryPattern(), "'4Gi' or '512Mi'") ?? "4Gi",
        };
    }

    private string? Name(string variable)
    {
        if (text(variable) is not { } value)
            return null;
        if (value.Length <= LongestName && NamePattern().IsMatch(value))
            return value;
        problems.Add($"{variable} is '{value}'; it must be a name as Kubernetes has them: small letters, digits, '-' and '.'.");
        return null;
    }

    private string SubPath()
    {
        var path = text("SANDBOX_VOLUME_SUBPATH")?.Trim('/') ?? "";
        if (path.Length > 0 && path.Split('/').Any(part => part is "" or "." or ".."))
            problems.Add($"SANDBOX_VOLUME_SUBPATH is '{path}'; it must be a folder in the claim, without '.' and '..'.");
        return path;
    }

    private string? Image()
    {
        if (text("SANDBOX_IMAGE") is not { } image || IsImage(image))
            return text("SANDBOX_IMAGE");
        problems.Add($"SANDBOX_IMAGE is '{image}', which is no image's name; give one like registry.example.com/tools:1.0.");
        return null;
    }

    private string[] AllowedImages()
    {
        string[] images = text("SANDBOX_ALLOWED_IMAGES")?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
        // A name that merely begins alike ('registry.example.com*') may be somebody else's.
        foreach (var image in images.Where(image => !(IsImage(image) || (image.Length > 2 && image[^1] == '*' && image[^2] is '/' or ':' or '@' && IsImage(image[..^2])))))
            problems.Add($"SANDBOX_ALLOWED_IMAGES has '{image}'; it must be images' names, or beginnings of them that end with '/*', ':*' or '@*', such as python:* or registry.example.com/tools/*.");
        return images;
    }

    private string? Quantity(string variable, Regex pattern, string like)
    {
        if (text(variable) is not { } value || pattern.IsMatch(value))
            return text(variable);
        problems.Add($"{variable} is '{value}'; it must be like {like}.");
        return null;
    }

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\z")]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._:/@-]*\z")]
    private static partial Regex ImagePattern();

    [GeneratedRegex(@"^([1-9][0-9]{0,3}|[1-9][0-9]{1,5}m)\z")]
    private static partial Regex CpuPattern();

    [GeneratedRegex(@"^[1-9][0-9]{0,5}(Mi|Gi)\z")]
    private static partial Regex MemoryPattern();
}
