using CsCheck;

namespace AiCoder.Core.Tests;

public sealed class TextLimitTests
{
    [Theory]
    [InlineData("abcd", 4, "abcd")]
    [InlineData("abcde", 4, "abc…")]
    [InlineData("ab😀cd", 4, "ab…")]
    [InlineData("ab😀cd", 5, "ab😀…")]
    [InlineData("abc", 1, "…")]
    public void The_beginning_is_kept_in_whole_characters(string text, int most, string expected) =>
        Assert.Equal(expected, TextLimit.Cut(text, most));

    [Theory]
    [InlineData("abcd", 4, "abcd")]
    [InlineData("abcde", 4, "…cde")]
    [InlineData("ab😀cd", 4, "…cd")]
    [InlineData("ab😀cd", 5, "…😀cd")]
    [InlineData("abc", 1, "…")]
    public void The_end_is_kept_in_whole_characters(string text, int most, string expected) =>
        Assert.Equal(expected, TextLimit.CutStart(text, most));

    [Fact]
    public void No_cut_is_longer_than_asked_for_or_leaves_half_a_character() =>
        Gen.Select(Gen.Int[0, 2].Array[0, 20], Gen.Int[1, 45]).Sample((letters, most) =>
        {
            var text = string.Concat(letters.Select(letter => ((string[])["a", "中", "😀"])[letter]));
            foreach (var cut in (string[])[TextLimit.Cut(text, most), TextLimit.CutStart(text, most)])
            {
                Assert.True(cut.Length <= most);
                Assert.DoesNotContain('\uFFFD', string.Concat(cut.EnumerateRunes()));
            }
        });
}
