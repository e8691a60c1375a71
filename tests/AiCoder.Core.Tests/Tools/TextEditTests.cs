using System.Text;
using AiCoder.Core.Tools;
using CsCheck;

namespace AiCoder.Core.Tests.Tools;

public sealed class TextEditTests
{
    [Theory]
    [InlineData("a\nb\nc\n", "b", "x", "a\nx\nc\n")]
    [InlineData("a\r\nb\r\nc\r\n", "a\nb", "a\nx\ny", "a\r\nx\r\ny\r\nc\r\n")]
    [InlineData("a\rb\rc", "b\nc", "b\nd\nc", "a\rb\rd\rc")]
    [InlineData("a\r\nb\nc\r\nd\n", "b\nc", "b\nx\nc", "a\r\nb\nx\nc\r\nd\n")]
    [InlineData("no end", "end", "end", null)]
    [InlineData("a\nx\n", "x  \n\n", "y\n", null)]
    [InlineData("last line", "last line", "last\nline", "last\nline")]
    [InlineData("a\nb", "a\nb\n", "x\n", "x")]
    [InlineData("x = 1;  \ny = 2;\n", "x = 1;\ny = 2;", "x = 1;\ny = 3;", "x = 1;  \ny = 3;\n")]
    [InlineData("    if a:\n        b()\n", "if a:\n    b()", "if a:\n    c()\n    d()", "    if a:\n        c()\n        d()\n")]
    [InlineData("\tif (a)\n\t\tb();\n", "if (a)\n    b();", "if (a)\n    c();", "\tif (a)\n\t\tc();\n")]
    [InlineData("  if (a)\n    b();\n", "\tif (a)\n\t\tb();", "\tif (a) {\n\t\tc();\n\t\t\td();\n\t}", "  if (a) {\n    c();\n      d();\n  }\n")]
    [InlineData("\tif (a)\n\t\tb();\n", "  if (a)\n    b();", "  if (a) {\n    c();\n  }", "\tif (a) {\n\t\tc();\n\t}\n")]
    [InlineData("a:\n    b()\n", "a:\n\tb()", "a:\n\tc:\n\t\td()", "a:\n    c:\n        d()\n")]
    [InlineData("print(“你好”)\n", "print(\"你好\")", "print(\"再见\")", "print(\"再见\")\n")]
    [InlineData("# 说明：一\nx\n", "# 说明:一\nx", "# 说明:一\ny", "# 说明：一\ny\n")]
    [InlineData("a – b\nc\n", "a - b\nc\n", "", "")]
    public void A_quote_is_replaced_and_nothing_else(string text, string oldText, string newText, string? expected)
    {
        if (expected is null)
            Assert.Throws<ToolException>(() => Apply(text, oldText, newText));
        else
            Assert.Equal(expected, Apply(text, oldText, newText).Text);
    }

    [Theory]
    [InlineData("a\nb\na\n", "a", "lines 1, 3")]
    [InlineData("  x()\ny\n\tx()\n", "x() \n", "lines 1, 3")]
    [InlineData("aaa", "aa", "lines 1, 1")]
    public void More_than_one_place_is_an_error_that_names_them(string text, string oldText, string places)
    {
        var exception = Assert.Throws<ToolException>(() => Apply(text, oldText, "z"));

        Assert.Contains(places, exception.Message, StringComparison.Ordinal);
        Assert.Contains("replace_all", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_place_is_replaced_where_that_is_asked() =>
        Assert.Equal(("z\nb\nz\n", 2), (Apply("a\nb\na\n", "a", "z", all: true).Text, Apply("a\nb\na\n", "a", "z", all: true).Count));

    [Fact]
    public void Lines_that_only_look_alike_are_not_edited() =>
        // Relative indentation differs: in the file, b() is outside of the if.
        Assert.Throws<ToolException>(() => Apply("  if a:\n  b()\n", "if a:\n    b()", "if a:\n    c()"));

    [Fact]
    public void A_miss_shows_the_nearest_lines()
    {
        var text = string.Concat(Enumerable.Range(1, 50).Select(line => $"line number {line}\n")) + "def compute(total, rate):\n    return total * rate\n";

        var exception = Assert.Throws<ToolException>(() => Apply(text, "def compute(totals, rate):\n    return totals * rate + 1\n", "x"));

        Assert.Contains("51\tdef compute(total, rate):", exception.Message, StringComparison.Ordinal);
        Assert.True(exception.Message.Length < 2_000);
    }

    [Fact]
    public void Nothing_alike_is_said() =>
        Assert.Contains("nothing in the file is like it", Assert.Throws<ToolException>(() => Apply("alpha\nbeta\n", "§§§ completely %% else", "x")).Message, StringComparison.Ordinal);

    /// <summary>Whatever the line endings, an edit that succeeds is the plain replacement, and all the rest keeps its bytes.</summary>
    [Fact]
    public void An_edit_that_succeeds_changed_exactly_what_was_asked()
    {
        var word = Word("alpha", "beta", "  gamma", "δ", "", "数据", "if (x) {", "}", "\ttab");
        var line = Gen.Select(word, Word("\n", "\r\n", "\n", "\r\n"));
        Gen.Select(line.Array[1, 12], Gen.Int[0, 100], Gen.Int[1, 4], word.Array[0, 4]).Sample((lines, at, count, added) =>
        {
            var file = string.Concat(lines.Select(one => one.Item1 + one.Item2));
            var from = at % lines.Length;
            var taken = lines.Skip(from).Take(count).ToArray();
            var quote = string.Concat(taken.Select(one => one.Item1 + "\n"));
            var fresh = string.Concat(added.Select(one => one + "\n"));
            TextEditResult result;
            try
            {
                result = Apply(file, quote, fresh);
            }
            catch (ToolException)
            {
                return;
            }

            Assert.Equal(MatchLevel.Exact, result.Level);
            var plain = LineEndingView.Normalize(file);
            Assert.Equal(plain.Replace(quote, fresh, StringComparison.Ordinal), LineEndingView.Normalize(result.Text));
            var before = string.Concat(lines.Take(from).Select(one => one.Item1 + one.Item2));
            var after = string.Concat(lines.Skip(from + taken.Length).Select(one => one.Item1 + one.Item2));
            Assert.StartsWith(before, result.Text, StringComparison.Ordinal);
            Assert.EndsWith(after, result.Text, StringComparison.Ordinal);
        }, iter: 5_000);
    }

    [Theory]
    [InlineData("a\r\nb\nc\r\nd\n", "a\nB\nc\nD\n", "a\r\nB\nc\r\nD\n")]
    [InlineData("a\r\nb\nc\r\nd\n", "a\nc\nd\n", "a\r\nc\r\nd\n")]
    [InlineData("a\r\nb\nc\r\nd", "x\na\nb\nc\ny\nd\nz", "x\r\na\r\nb\nc\r\ny\r\nd\r\nz")]
    [InlineData("a\rb\n", "b\na\n", "b\na\n")]
    [InlineData("a\r\nb\n", "", "")]
    public void A_line_of_a_mixed_file_keeps_its_ending_and_a_new_one_takes_that_of_the_line_before(string text, string content, string expected) =>
        Assert.Equal(expected, TextEdit.Rewrite(File(text), content));

    [Fact]
    public void A_whole_file_written_anew_keeps_the_endings_of_what_stays() =>
        Assert.Equal("a\nb\r\nnew\r\nc\r\n", TextEdit.Rewrite(File("a\nb\r\nold\r\nc\r\n"), "a\nb\nnew\nc\n"));

    private static Gen<string> Word(params string[] words) => Gen.Int[0, words.Length - 1].Select(index => words[index]);

    private static TextEditResult Apply(string text, string oldText, string newText, bool all = false) => TextEdit.Apply(File(text), oldText, newText, all);

    private static TextFile File(string text) => TextFile.TryDecode(Encoding.UTF8.GetBytes(text))!;
}
