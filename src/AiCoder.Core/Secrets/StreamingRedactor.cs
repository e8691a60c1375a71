using System.Text;

namespace AiCoder.Core.Secrets;

/// <summary>
/// Redacts text that comes in pieces: what might be the beginning of a secret is held back until more is known. Not thread-safe.
/// </summary>
public sealed class StreamingRedactor(SecretRedactor redactor)
{
    private string _pending = "";

    /// <summary>Takes a piece and returns what may be shown by now.</summary>
    public string Push(string piece)
    {
        var text = _pending + piece;
        var safe = Math.Max(0, text.Length - Math.Max(0, redactor.LongestForm - 1));
        var shown = new StringBuilder();
        var done = 0;
        while (redactor.Find(text, done) is { } found && found.Start < safe)
        {
            // A stretch that reaches beyond the safe part may yet grow.
            if (found.End > safe)
            {
                safe = found.Start;
                break;
            }

            shown.Append(text, done, found.Start - done).Append(SecretRedactor.Mask);
            done = found.End;
        }

        if (done < safe)
        {
            shown.Append(text, done, safe - done);
            done = safe;
        }

        _pending = text[done..];
        return shown.ToString();
    }

    /// <summary>The rest, once no more comes.</summary>
    public string Flush()
    {
        var rest = redactor.Redact(_pending);
        _pending = "";
        return rest;
    }
}
