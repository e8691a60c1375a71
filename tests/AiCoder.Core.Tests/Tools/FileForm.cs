using System.Text;

namespace AiCoder.Core.Tests.Tools;

/// <summary>How a file of the table is written: encoding, mark, line endings, and whether its last line ends.</summary>
/// <param name="Name">Of the encoding; <c>+</c> behind it: with a byte order mark.</param>
/// <param name="Endings">One, or several that lines have in turn.</param>
/// <param name="Ended">Whether the last line ends.</param>
internal sealed record FileForm(string Name, string[] Endings, bool Ended)
{
    static FileForm() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    public static readonly string[] Encodings =
        ["utf-8", "utf-8+", "utf-16+", "utf-16BE+", "utf-16", "utf-16BE", "gb18030", "shift_jis", "iso-8859-1"];

    public static readonly Dictionary<string, string[]> AllEndings = new()
    {
        ["LF"] = ["\n"],
        ["CRLF"] = ["\r\n"],
        ["CR"] = ["\r"],
        ["CRLF and LF"] = ["\r\n", "\n", "\n"],
        ["all three"] = ["\n", "\r\n", "\r", "\r\n"],
    };

    /// <summary>Words and quotation marks that the encoding can hold and that tell it from others.</summary>
    public (string First, string Second, string Fresh, string Open, string Close) Words => Name switch
    {
        "shift_jis" => ("設定をよむ", "ファイル名", "新しいデータ", "“", "”"),
        "iso-8859-1" => ("déjà vu, ça va", "élève préféré", "naïveté", "«", "»"),
        _ => ("读取配置文件", "用户登录名称", "新的数据", "“", "”"),
    };

    private Encoding Encoding => Encoding.GetEncoding(Name.TrimEnd('+'));

    public string Ending(int line) => Endings[line % Endings.Length];

    /// <summary>The lines with their endings in turn.</summary>
    public List<(string Text, string Ending)> Lines(params IReadOnlyList<string> lines) =>
        [.. lines.Select((line, index) => (line, index < lines.Count - 1 || Ended ? Ending(index) : ""))];

    /// <summary>The text of bytes in this form, without the mark.</summary>
    public string Text(byte[] bytes)
    {
        var mark = Name.EndsWith('+') ? Encoding.GetPreamble().Length : 0;
        return Encoding.GetString(bytes, mark, bytes.Length - mark);
    }

    public byte[] Bytes(IEnumerable<(string Text, string Ending)> lines)
    {
        var mark = Name.EndsWith('+') ? Encoding.GetPreamble() : [];
        return [.. mark, .. Encoding.GetBytes(string.Concat(lines.Select(line => line.Text + line.Ending)))];
    }
}
