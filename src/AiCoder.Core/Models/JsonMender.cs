using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace AiCoder.Core.Models;

/// <summary>
/// Reads the JSON that models write with small slips, where it can be meant one way only: raw line breaks and tabs in texts, single
/// quotes, Python's <c>True</c>, <c>False</c> and <c>None</c>, names without quotes, trailing commas, comments, escapes that JSON does not have, code
/// fences, an object in a string once more, and brackets that are missing or too many at the end. A text that is not closed, or that
/// has an open quote inside, is never mended: where it ends is anybody's guess.
/// </summary>
internal sealed class JsonMender : IDisposable
{
    private const int MostDepth = 64;
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string _text;
    private readonly bool _allowUnclosed;
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Utf8JsonWriter _json;
    private int _at;

    private JsonMender(string text, bool allowUnclosed)
    {
        (_text, _allowUnclosed) = (text, allowUnclosed);
        _json = new Utf8JsonWriter(_buffer, Plain);
    }

    private bool Ended => _at >= _text.Length;

    /// <summary>The text as one strict JSON object; null: it is none, and can't be made one.</summary>
    /// <param name="text">What the model wrote.</param>
    /// <param name="allowUnclosed">Brackets may be missing at the end: false where the answer was cut off.</param>
    public static string? ToObject(string text, bool allowUnclosed)
    {
        var trimmed = Unfence(text.Trim());
        if (trimmed.Length == 0)
            return "{}";
        if (Root(trimmed) is { } root)
        {
            if (root.Kind == JsonValueKind.Object)
                return trimmed;
            return root.Text is { } inner && inner.TrimStart().StartsWith('{') ? ToObject(inner, allowUnclosed) : null;
        }

        using var mender = new JsonMender(trimmed, allowUnclosed);
        return trimmed[0] == '{' ? mender.Mend() : null;
    }

    /// <summary>Where the JSON value ends that begins at <paramref name="start"/>; null: it has no end, or can't be read.</summary>
    public static int? EndOf(string text, int start)
    {
        using var mender = new JsonMender(text, allowUnclosed: false) { _at = start };
        try
        {
            mender.Value(0);
            return mender._at;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _json.Dispose();

    private static (JsonValueKind Kind, string? Text)? Root(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return (document.RootElement.ValueKind, document.RootElement.ValueKind == JsonValueKind.String ? document.RootElement.GetString() : null);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Unfence(string text)
    {
        if (!text.StartsWith("```", StringComparison.Ordinal) || !text.EndsWith("```", StringComparison.Ordinal) || text.Length < 6)
            return text;
        var start = text.IndexOf('\n', StringComparison.Ordinal);
        return start < 0 ? text : text[(start + 1)..^3].Trim();
    }

    private string? Mend()
    {
        try
        {
            Value(0);
            while (!Ended && (char.IsWhiteSpace(_text[_at]) || _text[_at] is '}' or ']' or ';'))
                _at++;
            if (!Ended)
                return null;
            _json.Flush();
            return Encoding.UTF8.GetString(_buffer.WrittenSpan);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private void Value(int depth)
    {
        Space();
        if (Ended || depth > MostDepth)
            throw new FormatException();
        switch (_text[_at])
        {
            case '{':
                Object(depth);
                break;
            case '[':
                Array(depth);
                break;
            case '"' or '\'':
                _json.WriteStringValue(Text());
                break;
            default:
                Literal();
                break;
        }
    }

    private void Object(int depth)
    {
        _at++;
        _json.WriteStartObject();
        while (!Closes('}'))
        {
            _json.WritePropertyName(_text[_at] is '"' or '\'' ? Text() : Name());
            Space();
            Take(':');
            Value(depth + 1);
            if (!Separates('}'))
                break;
        }

        _json.WriteEndObject();
    }

    private void Array(int depth)
    {
        _at++;
        _json.WriteStartArray();
        while (!Closes(']'))
        {
            Value(depth + 1);
            if (!Separates(']'))
                break;
        }

        _json.WriteEndArray();
    }

    /// <summary>Whether the bracket closes here; takes it.</summary>
    private bool Closes(char bracket)
    {
        Space();
        // After a comma or an opening bracket something was still to come: that is no forgotten bracket.
        if (Ended)
            throw new FormatException();
        if (_text[_at] != bracket)
            return false;
        _at++;
        return true;
    }

    /// <summary>Whether another element follows the one that was read; takes the comma, or the bracket.</summary>
    private bool Separates(char bracket)
    {
        Space();
        if (Ended)
            return _allowUnclosed ? false : throw new FormatException();
        if (_text[_at] == ',')
        {
            _at++;
            return true;
        }

        Take(bracket);
        return false;
    }

    private void Take(char wanted)
    {
        if (Ended || _text[_at] != wanted)
            throw new FormatException();
        _at++;
    }

    private void Space()
    {
        while (!Ended)
        {
            if (char.IsWhiteSpace(_text[_at]))
                _at++;
            else if (Starts("//"))
                _at = _text.IndexOf('\n', _at) is >= 0 and var line ? line : _text.Length;
            else if (Starts("/*"))
                _at = _text.IndexOf("*/", _at, StringComparison.Ordinal) is >= 0 and var end ? end + 2 : _text.Length;
            else
                return;
        }
    }

    private bool Starts(string what) => string.CompareOrdinal(_text, _at, what, 0, what.Length) == 0;

    private string Name()
    {
        var start = _at;
        while (!Ended && (char.IsLetterOrDigit(_text[_at]) || _text[_at] is '_' or '-'))
            _at++;
        return _at > start ? _text[start.._at] : throw new FormatException();
    }

    private void Literal()
    {
        var start = _at;
        while (!Ended && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '+' or '-' or '.'))
            _at++;
        switch (_text[start.._at])
        {
            case "true" or "True":
                _json.WriteBooleanValue(true);
                break;
            case "false" or "False":
                _json.WriteBooleanValue(false);
                break;
            case "null" or "None":
                _json.WriteNullValue();
                break;
            case var number when double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value):
                _json.WriteNumberValue(value);
                break;
            default:
                throw new FormatException();
        }
    }

    private string Text()
    {
        var quote = _text[_at++];
        var text = new StringBuilder();
        while (!Ended)
        {
            var character = _text[_at++];
            if (character == quote)
                return text.ToString();
            if (character == '\\' && !Ended)
                Escape(text, quote);
            else
                text.Append(character);
        }

        throw new FormatException();
    }

    private void Escape(StringBuilder text, char quote)
    {
        var character = _text[_at++];
        switch (character)
        {
            case '"' or '\\' or '/' or '\'':
                text.Append(character);
                break;
            case 'n':
                text.Append('\n');
                break;
            case 'r':
                text.Append('\r');
                break;
            case 't':
                text.Append('\t');
                break;
            case 'b':
                text.Append('\b');
                break;
            case 'f':
                text.Append('\f');
                break;
            case 'u':
                text.Append((char)Hexadecimal(4));
                break;
            case 'x' when quote == '\'':
                text.Append((char)Hexadecimal(2));
                break;
            default:
                // Such as \d of a regular expression: meant as it stands.
                text.Append('\\').Append(character);
                break;
        }
    }

    private int Hexadecimal(int digits)
    {
        if (_at + digits > _text.Length || !int.TryParse(_text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            throw new FormatException();
        _at += digits;
        return code;
    }
}
