using System.Text;
using AiCoder.Core.Tools;
using CsCheck;

namespace AiCoder.Core.Tests.Tools;

public sealed class TextFileTests
{
    static TextFileTests() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    public static TheoryData<string, string, bool> Forms => new()
    {
        { "utf-8", "héllo 你好 😀\n", false },
        { "utf-8", "héllo 你好\r\n", true },
        { "utf-16", "héllo 你好\r\n", true },
        { "utf-16BE", "héllo 你好\n", true },
        { "utf-16", "plain words without a mark\n", false },
        { "utf-32", "héllo\n", true },
        { "gb18030", "# 配置\nname = 用户登录\n", false },
        { "gb18030", "你好", false },
        { "gb18030", "def 加(a, b):\r\n    return a + b  # 返回两数之和\r\n", false },
        { "shift_jis", "設定をよむ\r\n", false },
        { "shift_jis", "ｶﾀｶﾅ と カタカナ 表示\n", false },
        { "shift_jis", "// コメント\nint x = 1;\n", false },
        { "gb18030", "朱镕基\n", false },
        { "iso-8859-1", "déjà vu, naïve café\n", false },
        { "windows-1252", "caf\u00e9 \u201cquoted\u201d \u2013 ok\n", false },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_text_comes_back_byte_for_byte_and_can_be_edited(string encoding, string text, bool mark)
    {
        var form = Encoding.GetEncoding(encoding);
        byte[] bytes = [.. mark ? form.GetPreamble() : [], .. form.GetBytes(text)];

        var file = TextFile.TryDecode(bytes);

        Assert.NotNull(file);
        Assert.Equal(bytes, file.Encode(file.Text));
        if (encoding is not ("windows-1252" or "iso-8859-1"))
            Assert.Equal(text, file.Text);
        byte[] edited = [.. bytes, .. form.GetBytes("x")];
        Assert.Equal(edited, file.Encode(file.Text + "x"));
    }

    [Theory]
    [InlineData("iso-8859-1", "déjà vu", "né à Nîmes, élevé ici")]
    [InlineData("iso-8859-1", "Größe: 10\r\n", "Übergröße")]
    [InlineData("shift_jis", "// 日本語のコメント\r\nx = 1;\r\n", "新しい")]
    [InlineData("gb18030", "// 中文注释\r\nx = 1;\r\n", "新的数据")]
    public void What_is_added_is_written_in_the_encoding_that_is_there(string encoding, string text, string added)
    {
        var form = Encoding.GetEncoding(encoding);

        var file = TextFile.TryDecode(form.GetBytes(text))!;

        Assert.Equal(form.GetBytes(text + added), file.Encode(file.Text + added));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_told_apart()
    {
        Assert.Null(TextFile.TryDecode([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 0x0D]));
        Assert.Null(TextFile.TryDecode([1, 2, 3, 0xFF, 0xFE, 0x80]));
        Assert.Null(TextFile.TryDecode(Encoding.UTF8.GetBytes("text with \0 in it!")));
    }

    [Fact]
    public void A_character_that_the_encoding_lacks_is_named()
    {
        var file = TextFile.TryDecode(Encoding.Latin1.GetBytes("déjà vu, ça va, élève\n"))!;

        Assert.Contains("'你'", Assert.Throws<ToolException>(() => file.Encode("你")).Message, StringComparison.Ordinal);
        Assert.Contains("😀", Assert.Throws<ToolException>(() => file.Encode("😀")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_is_taken_for_text_comes_back_as_it_was() =>
        Gen.Byte.Array[0, 200].Sample(bytes =>
        {
            if (TextFile.TryDecode(bytes) is { } file)
                Assert.Equal(bytes, file.Encode(file.Text));
        }, iter: 5_000);

    [Theory]
    [InlineData("a\r\nb\r\nc\n", "\r\n")]
    [InlineData("a\nb\r\nc\n", "\n")]
    [InlineData("a\rb\r", "\r")]
    [InlineData("", "\n")]
    public void The_line_ending_is_what_most_lines_have(string text, string ending) =>
        Assert.Equal(ending, TextFile.TryDecode(Encoding.UTF8.GetBytes(text))!.LineEnding);
}
