using System.Globalization;

namespace AiCoder.Core.Commits;

/// <summary>
/// Paths that some system would take for git's own folder: <c>.git</c> in any case, with what HFS+ ignores in it, or by its short
/// name on NTFS (CVE-2014-9390, CVE-2019-1352).
/// </summary>
internal static class GitInternals
{
    public static bool IsOne(string path) => path.Split('/', '\\').Any(part =>
    {
        var visible = string.Concat(part.EnumerateRunes().Where(rune => System.Text.Rune.GetUnicodeCategory(rune) != UnicodeCategory.Format));
        var name = visible.Split(':')[0].TrimEnd(' ', '.');
        return name.Equals(".git", StringComparison.OrdinalIgnoreCase) || name.Equals("git~1", StringComparison.OrdinalIgnoreCase);
    });
}
