using System.Globalization;
using System.Text;
using AiCoder.Kubernetes.Logs;
using CsCheck;

namespace AiCoder.Kubernetes.Tests.Logs;

public sealed class LogSplicerTests
{
    private const string Alphabet = "ab 2026-01-01T00:00:00Z\u00e9";

    // Forty lines, each three ticks before the last.
    private const int MostDisorder = 120;

    private static readonly Gen<Line[]> Lines =
        Gen.Select(Gen.Int[-3, 60], Gen.Char[Alphabet].Array[0, 12]).Select((step, text) => new Line(step, new string(text))).Array[1, 40];

    private static readonly Gen<(int Back, int Cut)[]> Connections = Gen.Select(Gen.Int[0, 15], Gen.Int[0, 900]).Array[0, 12];

    [Fact]
    public void Whatever_connections_show_of_a_log_with_overlaps_and_cuts_comes_out_as_the_log() =>
        Gen.Select(Lines, Connections).Sample((lines, connections) =>
        {
            var (times, time) = (new List<DateTimeOffset>(), DateTimeOffset.UnixEpoch.AddYears(50));
            foreach (var line in lines)
                times.Add(time = time.AddTicks(line.Step));
            using var output = new MemoryStream();
            var splicer = new LogSplicer(output, notice => Assert.Fail(notice));
            var last = -1;
            foreach (var (back, cut) in connections.Append((Back: 5, Cut: int.MaxValue)))
            {
                // From a time some lines before the last that was seen, and more before it than times are out of order.
                var since = last < 0 ? DateTimeOffset.MinValue : Earlier(times[last], times[Math.Max(0, last - back)]).AddTicks(-MostDisorder);
                var (shown, left) = (new List<byte>(), cut);
                for (var index = 0; index < lines.Length && left > 0; index++)
                {
                    if (times[index] < since)
                        continue;
                    var head = Encoding.UTF8.GetBytes(Text(times[index]) + " ");
                    byte[] whole = [.. head, .. Encoding.UTF8.GetBytes(lines[index].Text + "\n")];
                    shown.AddRange(whole.Take(left));
                    if (left >= head.Length)
                        last = Math.Max(last, index);
                    left -= whole.Length;
                }

                splicer.Begin();
                foreach (var piece in shown.Chunk(7))
                    splicer.Take(piece);
                splicer.End();
            }

            Assert.Equal(string.Concat(lines.Select(line => line.Text + "\n")), Encoding.UTF8.GetString(output.ToArray()));
        }, iter: 3000);

    [Fact]
    public void A_line_whose_rest_was_rotated_away_is_ended_before_the_next()
    {
        using var output = new MemoryStream();
        var splicer = new LogSplicer(output, _ => { });

        splicer.Begin();
        splicer.Take("2026-01-01T00:00:00.000000001Z half a li"u8);
        splicer.Begin();
        splicer.Take("2026-01-01T00:00:01.000000002Z next\n"u8);

        Assert.Equal("half a li\nnext\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public void After_the_overlap_a_clock_that_was_set_back_loses_nothing()
    {
        using var output = new MemoryStream();
        var splicer = new LogSplicer(output, _ => { });

        splicer.Begin();
        splicer.Take("2026-01-01T12:00:00Z a\n"u8);
        splicer.Begin();
        splicer.Take("2026-01-01T12:00:00Z a\n2026-01-01T11:00:00Z b\n2026-01-01T11:00:00.5Z c\n"u8);

        Assert.Equal("a\nb\nc\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public void More_lines_than_are_remembered_are_told_apart_all_the_same()
    {
        using var output = new MemoryStream();
        var splicer = new LogSplicer(output, _ => { });
        var start = DateTimeOffset.UnixEpoch.AddYears(50);
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 70_000).Select(line => $"{Text(start.AddTicks(line))} {line}\n")));

        splicer.Begin();
        splicer.Take(text.AsSpan(0, text.Length - 3));
        splicer.Begin();
        splicer.Take(text);

        Assert.Equal(string.Concat(Enumerable.Range(0, 70_000).Select(line => $"{line}\n")), Encoding.UTF8.GetString(output.ToArray()));
    }

    [Theory]
    [InlineData("2026-01-01T00:00:00Z", 1767225600000000000)]
    [InlineData("2026-01-01T00:00:00.1Z", 1767225600100000000)]
    [InlineData("2026-01-01T00:00:00.123456789Z", 1767225600123456789)]
    [InlineData("2026-01-01T08:00:00.000000001+08:00", 1767225600000000001)]
    [InlineData("2026-01-01T00:00:00", null)]
    [InlineData("2026-01-01T00:00:00.Z", null)]
    [InlineData("2026-13-01T00:00:00Z", null)]
    [InlineData("failed", null)]
    [InlineData("", null)]
    public void A_time_is_read_to_the_nanosecond_in_any_zone(string text, long? expected) =>
        Assert.Equal(expected, LogTimestamp.TryParse(Encoding.ASCII.GetBytes(text), out var nanoseconds) ? nanoseconds : null);

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff", CultureInfo.InvariantCulture) + "00Z";

    private sealed record Line(int Step, string Text);
}
