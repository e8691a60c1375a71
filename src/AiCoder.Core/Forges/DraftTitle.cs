namespace AiCoder.Core.Forges;

/// <summary>A title that says by itself that the request is a draft; GitLab makes a request a draft by it.</summary>
internal static class DraftTitle
{
    private const string Mark = "Draft: ";

    public static string Of(string title) => title.StartsWith(Mark, StringComparison.OrdinalIgnoreCase) ? title : Mark + title;
}
