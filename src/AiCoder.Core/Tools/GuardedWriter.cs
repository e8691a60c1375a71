using System.Globalization;
using System.Text;
using AiCoder.Core.Validation;

namespace AiCoder.Core.Tools;

/// <summary>
/// Writes what the model edited, unless that would break a file that could be parsed: the model learns of a slip at once, with what
/// it tried before its eyes, rather than some turns later from a test.
/// </summary>
internal sealed class GuardedWriter(SyntaxGate gate)
{
    private const int LinesAround = 5;
    private const int LineLength = 200;

    /// <summary>Writes the file.</summary>
    /// <param name="path">Where.</param>
    /// <param name="before">What stands there; null: no file.</param>
    /// <param name="form">The file's form: encoding and mark.</param>
    /// <param name="text">What is to stand there.</param>
    /// <param name="advice">What to do if it can't be parsed, a sentence.</param>
    /// <param name="cancellationToken">Ends it; nothing may have been written.</param>
    /// <returns>A remark for the answer; mostly empty.</returns>
    /// <exception cref="ToolException">It was not written.</exception>
    public async Task<string> WriteAsync(WorkTreePath path, TextFile? before, TextFile form, string text, string advice, CancellationToken cancellationToken)
    {
        var bytes = form.Encode(text);
        var found = await gate.CheckAsync(path.Relative, before?.Encode(before.Text), bytes, cancellationToken).ConfigureAwait(false);
        if (found is { Before: false })
            throw new ToolException(Refusal(path.Relative, before is null, found.Error, text, advice));
        await WorkTreeFiles.WriteAsync(path, bytes, cancellationToken).ConfigureAwait(false);
        return found is null ? "" : $" (It could not be parsed before, and still can't be: {FirstLines(found.Error.Message)})";
    }

    private static string Refusal(string path, bool isNew, SyntaxError error, string text, string advice)
    {
        var answer = new StringBuilder();
        answer.Append(CultureInfo.InvariantCulture, $"Refused: {path} would not parse, so nothing was written; {(isNew ? "there is still no such file" : "the file is as it was")}.\n{error.Message}\n");
        var lines = LineEndingView.Normalize(text).Split('\n');
        if (error.Line is { } line)
        {
            var at = Math.Min(line, lines.Length);
            var first = Math.Max(1, at - LinesAround);
            var last = Math.Min(lines.Length, at + LinesAround);
            answer.Append("It would have read (> marks where the parser stumbled):\n");
            for (var number = first; number <= last; number++)
                answer.Append(CultureInfo.InvariantCulture, $"{(number == at ? '>' : ' ')}{number}\t{Cut(lines[number - 1])}\n");
        }

        return answer.Append(advice).ToString();
    }

    private static string FirstLines(string message) => Cut(string.Join(' ', message.Split('\n').Take(2).Select(line => line.Trim())).Trim());

    private static string Cut(string line) => TextLimit.Cut(line, LineLength);
}
