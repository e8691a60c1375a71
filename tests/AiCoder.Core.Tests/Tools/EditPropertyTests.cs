using System.Runtime.Versioning;
using System.Text.Json;
using AiCoder.Core.Configuration;
using CsCheck;

namespace AiCoder.Core.Tests.Tools;

/// <summary>What holds for every edit, by generated files and calls on the real tools.</summary>
[SupportedOSPlatform("linux")]
public sealed class EditPropertyTests
{
    private static readonly string[] Indentations = ["", "  ", "    ", "\t", "\t\t"];

    /// <summary>How the model's quote differs from the file; what it quotes still reads the same to a person.</summary>
    private static readonly Func<string, string>[] Slips =
    [
        line => line,
        line => line + "  ",
        line => line.TrimEnd(),
        line => "    " + line,
        line => line.TrimStart(),
        line => line.Replace("    ", "\t", StringComparison.Ordinal),
        line => line.Replace('“', '"').Replace('”', '"').Replace('«', '"').Replace('»', '"'),
        line => line.Replace('x', 'y'),
    ];

    private static readonly Gen<Case> Cases = Gen.Select(
        Gen.Select(Gen.Int[0, FileForm.Encodings.Length - 1], Gen.Int[0, FileForm.AllEndings.Count - 1], Gen.Bool),
        Gen.Select(Gen.Int[0, 7], Gen.Int[0, 4], Gen.Int[0, 2]).Array[1, 14],
        Gen.Select(Gen.Int[0, 100], Gen.Int[1, 4], Gen.Int[0, 4]),
        Gen.Int[0, Slips.Length - 1].Array[4],
        Gen.Bool,
        (form, lines, edit, slips, all) => new Case(
            new(FileForm.Encodings[form.Item1], FileForm.AllEndings.Values.ElementAt(form.Item2), form.Item3), lines, edit.Item1, edit.Item2, edit.Item3, slips, all && slips.All(slip => slip == 0)));

    [Fact]
    public async Task An_edit_that_succeeds_changed_what_was_quoted_and_one_that_is_refused_changed_nothing()
    {
        using var tools = new ToolFixture(SandboxKind.None);
        int done = 0, refused = 0;
        await Cases.SampleAsync(async sample =>
        {
            var lines = sample.Form.Lines([.. sample.Lines.Select(line => Line(sample.Form, line))]);
            // A file that reads as another encoding, because nothing in it tells, is not this test's business.
            lines[0] = ($"# {sample.Form.Words.First} {sample.Form.Words.Second}", lines[0].Ending);
            var from = sample.From % lines.Count;
            var quoted = lines.Skip(from).Take(sample.Count).Select((line, index) => Slips[sample.Slips[index]](line.Text)).ToList();
            var fresh = Enumerable.Range(0, sample.Added).Select(index => $"fresh {index} {sample.Form.Words.Fresh}").ToList();
            tools.Put("a.txt", sample.Form.Bytes(lines));
            File.SetUnixFileMode(tools["a.txt"], (UnixFileMode)(sample.From % 2 == 0 ? 0b110_100_100 : 0b111_101_101));
            var mode = File.GetUnixFileMode(tools["a.txt"]);
            var before = tools.Fingerprint();

            var result = await tools.EditAsync("a.txt", string.Concat(quoted.Select(line => line + "\n")), string.Concat(fresh.Select(line => line + "\n")), sample.All);

            Assert.Equal(mode, File.GetUnixFileMode(tools["a.txt"]));
            if (result.Error)
            {
                refused++;
                Assert.Equal(before, tools.Fingerprint());
                return;
            }

            done++;
            Assert.Equal(["a.txt"], result.Changed);
            Assert.True(
                sample.All ? IsEveryPlace(sample.Form, lines, quoted, fresh, tools.Bytes("a.txt")) : IsOnePlace(sample.Form, lines, quoted, fresh, tools.Bytes("a.txt")),
                $"{result.Text} {Convert.ToHexString(sample.Form.Bytes(lines))} {Convert.ToHexString(tools.Bytes("a.txt"))}");
        }, iter: 4_000, threads: 1);

        // Both must happen often, or the test says nothing.
        Assert.True(done > 800 && refused > 800, $"{done} done, {refused} refused");
    }

    [Fact]
    public async Task A_data_file_is_written_exactly_when_it_still_parses()
    {
        const string Document = "{\n  \"name\": \"配置\",\n  \"list\": [1, 2, {\"a\": null}],\n  \"deep\": {\"x\": \"y\"}\n}\n";
        string[] pieces = ["", "1", "\"a\": 2", ", 3", "]", "}", "\n"];
        using var tools = new ToolFixture(SandboxKind.None);
        int done = 0, refused = 0;
        await Gen.Select(Gen.Int[0, Document.Length - 1], Gen.Int[1, 12], Gen.Int[0, pieces.Length - 1]).SampleAsync(async sample =>
        {
            var (at, length, piece) = sample;
            var end = Math.Min(at + length, Document.Length);
            var attempted = Document[..at] + pieces[piece] + Document[end..];
            tools.Put("a.json", Document);
            var before = tools.Fingerprint();

            var result = await tools.WriteAsync("a.json", attempted);

            if (Parses(attempted) || attempted.Length == 0)
            {
                done++;
                Assert.False(result.Error, result.Text);
                Assert.Equal(attempted, tools.Text("a.json"));
            }
            else
            {
                refused++;
                Assert.True(result.Error, attempted);
                Assert.Equal(before, tools.Fingerprint());
            }
        }, iter: 2_000, threads: 1);
        Assert.True(done > 20 && refused > 200, $"{done} done, {refused} refused");
    }

    /// <summary>Whether some run of lines that reads like the quote is gone, the fresh lines stand there, and all else is as it was, byte for byte.</summary>
    private static bool IsOnePlace(FileForm form, List<(string Text, string Ending)> lines, List<string> quoted, List<string> fresh, byte[] after)
    {
        for (var at = 0; at + quoted.Count <= lines.Count; at++)
        {
            if (!lines.Skip(at).Take(quoted.Count).Select(line => Plain(line.Text)).SequenceEqual(quoted.Select(Plain)))
                continue;
            if (Replacements(form, lines, at, quoted.Count, fresh).Any(candidate => form.Bytes(candidate).AsSpan().SequenceEqual(after)))
                return true;
        }

        return IsWithinALine(form, lines, quoted, fresh, after);
    }

    /// <summary>An exact quote may begin inside a line: <c>x</c> is found in <c>return x</c>, and what stands before it stays.</summary>
    private static bool IsWithinALine(FileForm form, List<(string Text, string Ending)> lines, List<string> quoted, List<string> fresh, byte[] after)
    {
        for (var at = 0; at + quoted.Count <= lines.Count; at++)
        {
            if (!lines[at].Text.EndsWith(quoted[0], StringComparison.Ordinal) || !lines.Skip(at + 1).Take(quoted.Count - 1).Select(line => line.Text).SequenceEqual(quoted.Skip(1)))
                continue;
            var head = lines[at].Text[..^quoted[0].Length];
            foreach (var candidate in Replacements(form, lines, at, quoted.Count, fresh))
            {
                // What follows the place comes right behind the head where nothing is put in between.
                if (at < candidate.Count)
                    candidate[at] = (head + candidate[at].Text, candidate[at].Ending);
                else
                    candidate.Add((head, ""));
                if (form.Bytes(candidate).AsSpan().SequenceEqual(after))
                    return true;
            }
        }

        return false;
    }

    /// <summary>The plain replacement of every place, as far as line endings don't matter.</summary>
    private static bool IsEveryPlace(FileForm form, List<(string Text, string Ending)> lines, List<string> quoted, List<string> fresh, byte[] after)
    {
        var before = string.Concat(lines.Select(line => line.Text + (line.Ending.Length > 0 ? "\n" : "")));
        var quote = string.Concat(quoted.Select(line => line + "\n"));
        return before.Contains(quote, StringComparison.Ordinal)
            ? before.Replace(quote, string.Concat(fresh.Select(line => line + "\n")), StringComparison.Ordinal) == form.Text(after).ReplaceLineEndings("\n")
            : IsOnePlace(form, lines, quoted, fresh, after);
    }

    /// <summary>
    /// The lines with others in the place of some: in a file of one ending with that one; in a mixed file each with one of the file's
    /// own. Indented as they were asked for, or as the place is.
    /// </summary>
    private static IEnumerable<List<(string Text, string Ending)>> Replacements(FileForm form, List<(string Text, string Ending)> lines, int at, int count, List<string> fresh)
    {
        var own = lines.Select(line => line.Ending).Where(ending => ending.Length > 0).Distinct().DefaultIfEmpty("\n").ToList();
        var atEnd = at + count == lines.Count && lines[^1].Ending.Length == 0;
        IEnumerable<List<string>> choices = [[]];
        foreach (var _ in fresh)
            choices = choices.SelectMany(chosen => own.Select(ending => chosen.Append(ending).ToList()));
        foreach (var indentation in Indentations.Append(lines[at].Text[..^lines[at].Text.TrimStart().Length]).Distinct())
        {
            foreach (var endings in choices)
            {
                var middle = fresh.Select((line, index) => (indentation + line, atEnd && index == fresh.Count - 1 ? "" : endings[index]));
                yield return [.. lines.Take(at), .. middle, .. lines.Skip(at + count)];
            }
        }
    }

    private static string Plain(string line) => line.Replace('“', '"').Replace('”', '"').Replace('«', '"').Replace('»', '"').Trim();

    private static string Line(FileForm form, (int Kind, int Indentation, int Trailing) line)
    {
        var (first, second, _, open, close) = form.Words;
        string[] texts = [$"call({second});", $"x = {open}{first}{close}", "", "}", "if (x) {", $"# {first}", "return x", "x"];
        return Indentations[line.Indentation] + texts[line.Kind] + new string(' ', line.Trailing);
    }

    private static bool Parses(string text)
    {
        try
        {
            JsonDocument.Parse(text, new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip }).Dispose();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private sealed record Case(FileForm Form, (int, int, int)[] Lines, int From, int Count, int Added, int[] Slips, bool All);
}
