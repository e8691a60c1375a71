using AiCoder.Core.Tests.Tools;

namespace AiCoder.Core.Tests.Replay;

/// <summary>
/// Histories by chance, the same for the same seed: files of every form, and commits that replace, add and remove lines, write, move and
/// delete files. Every line is a statement of its own and stands nowhere else, so each hunk leaves a file that parses and can be told
/// from all others.
/// </summary>
internal static class GeneratedHistory
{
    private static readonly string[] Extensions = [".py", ".js", ".md", ".txt", ".cs", ".sh"];

    public static SampleHistory Make(Random random, int commits)
    {
        var history = new SampleHistory();
        var forms = new Dictionary<string, FileForm>(StringComparer.Ordinal);
        var number = 0;
        for (var file = 0; file < 8; file++)
            Add(anyForm: true);
        history.Commit("Begin");
        for (var commit = 1; commit <= commits; commit++)
        {
            foreach (var path in forms.Keys.OrderBy(_ => random.Next()).Take(random.Next(1, 4)).ToList())
                Change(path);
            switch (random.Next(5))
            {
                case 0:
                    Add(anyForm: false);
                    break;
                case 1 when forms.Count > 4:
                    var gone = Any();
                    history.Delete(gone);
                    forms.Remove(gone);
                    break;
                case 2:
                    var from = Any();
                    var to = $"moved {++number}/{Path.GetFileName(from)}";
                    history.Move(from, to);
                    forms.Remove(from, out var form);
                    forms[to] = form!;
                    break;
            }

            history.Commit($"Commit {commit}");
        }

        return history;

        string Any() => forms.Keys.Order(StringComparer.Ordinal).ElementAt(random.Next(forms.Count));

        void Add(bool anyForm)
        {
            // A tool writes a new file as UTF-8, and a parser reads UTF-8.
            var extension = Extensions[random.Next(Extensions.Length)];
            var free = anyForm && extension is ".md" or ".txt";
            var form = new FileForm(
                free && anyForm ? FileForm.Encodings[random.Next(FileForm.Encodings.Length)] : "utf-8",
                anyForm ? FileForm.AllEndings.Values.ElementAt(random.Next(FileForm.AllEndings.Count)) : ["\n"],
                random.Next(3) > 0);
            var path = $"{(random.Next(2) == 0 ? "src" : "文档")}/file {++number}{extension}";
            forms[path] = form;
            var lines = form.Lines([.. Enumerable.Range(0, random.Next(6, 40)).Select(_ => Line(path, form))]);
            history.With(path, string.Concat(lines.Select(line => line.Text + line.Ending)), form.Name);
        }

        void Change(string path)
        {
            var (form, text) = (forms[path], history.Files[path].Text);
            var lines = Split(text);
            // Two changes that touch would be one hunk in which who stands for whom is anybody's guess; in a mixed file that matters.
            var hunks = form.Endings.Length > 1 ? 1 : random.Next(1, 4);
            for (var hunk = 0; hunk < hunks; hunk++)
            {
                var at = random.Next(1, lines.Count);
                switch (random.Next(3))
                {
                    case 0:
                        lines[at] = (Line(path, form), lines[at].Ending);
                        break;
                    case 1:
                        lines.Insert(at, (Line(path, form), lines[at - 1].Ending));
                        break;
                    case 2 when lines.Count > 5 && at < lines.Count - 1:
                        lines.RemoveAt(at);
                        break;
                    default:
                        lines[at - 1] = (Line(path, form), lines[at - 1].Ending);
                        break;
                }
            }

            history.With(path, string.Concat(lines.Select(line => line.Text + line.Ending)), form.Name, history.Files[path].Mode);
        }

        string Line(string path, FileForm form) => Path.GetExtension(path) switch
        {
            ".py" => $"value_{++number} = '{form.Words.First}'",
            ".js" => $"const value{++number} = '{form.Words.First}';",
            ".cs" => $"int value{++number} = \"{form.Words.First}\".Length;",
            ".sh" => $"echo {++number} '{form.Words.First}'",
            _ => $"{++number}. {form.Words.First} {form.Words.Second}",
        };
    }

    private static List<(string Text, string Ending)> Split(string text)
    {
        var lines = new List<(string, string)>();
        var start = 0;
        for (var at = 0; at < text.Length; at++)
        {
            var length = text[at] == '\n' ? 1 : text[at] != '\r' ? 0 : at + 1 < text.Length && text[at + 1] == '\n' ? 2 : 1;
            if (length == 0)
                continue;
            lines.Add((text[start..at], text[at..(at + length)]));
            start = at + length;
            at = start - 1;
        }

        if (start < text.Length)
            lines.Add((text[start..], ""));
        return lines;
    }
}
