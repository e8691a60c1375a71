using System.Globalization;
using System.Text.RegularExpressions;

namespace AiCoder.Cli.Requests;

/// <summary>Durations as people type them: <c>90</c> (seconds), <c>45s</c>, <c>30m</c>, <c>1h30m</c>.</summary>
internal static partial class DurationText
{
    // A Job's deadline is kept in 64 bits of seconds, a TimeSpan ends sooner, and nobody means either.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    /// <returns>Null where it is none, or longer than a year.</returns>
    public static TimeSpan? Parse(string text)
    {
        var match = Form().Match(text);
        if (!match.Success || text.Length == 0)
            return null;
        var duration = TimeSpan.FromHours(Part("h")) + TimeSpan.FromMinutes(Part("m")) + TimeSpan.FromSeconds(Part("s"));
        return duration <= Longest ? duration : null;

        int Part(string name) => match.Groups[name] is { Success: true, Value: var digits } ? int.Parse(digits, CultureInfo.InvariantCulture) : 0;
    }

    [GeneratedRegex(@"\A(?:(?<h>[0-9]{1,5})h)?(?:(?<m>[0-9]{1,7})m)?(?:(?<s>[0-9]{1,9})s?)?\z")]
    private static partial Regex Form();
}
