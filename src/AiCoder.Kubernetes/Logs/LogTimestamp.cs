using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace AiCoder.Kubernetes.Logs;

/// <summary>The time before each line of a log with timestamps: RFC 3339 with up to nine places, in any zone.</summary>
internal static class LogTimestamp
{
    /// <summary>No longer one is written.</summary>
    public const int Longest = 40;

    private const int SecondsLength = 19;
    private const int NanosecondPlaces = 9;

    /// <summary>Reads it.</summary>
    /// <param name="text">The bytes before the line's first space.</param>
    /// <param name="nanoseconds">Since 1970.</param>
    public static bool TryParse(ReadOnlySpan<byte> text, out long nanoseconds)
    {
        nanoseconds = 0;
        if (text.Length is <= SecondsLength or > Longest)
            return false;
        var fraction = 0L;
        var rest = text[SecondsLength..];
        if (rest[0] == '.')
        {
            var places = rest[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            if (places is < 1 or > NanosecondPlaces || !Utf8Parser.TryParse(rest.Slice(1, places), out fraction, out _))
                return false;
            for (var place = places; place < NanosecondPlaces; place++)
                fraction *= 10;
            rest = rest[(places + 1)..];
        }

        var whole = Encoding.ASCII.GetString(text[..SecondsLength]) + Encoding.ASCII.GetString(rest);
        if (!DateTimeOffset.TryParseExact(whole, "yyyy-MM-dd'T'HH:mm:ssK", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            return false;
        nanoseconds = (time.ToUnixTimeSeconds() * 1_000_000_000) + fraction;
        return true;
    }

    /// <summary>To 100 ns.</summary>
    public static DateTimeOffset ToTime(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / 100);
}
