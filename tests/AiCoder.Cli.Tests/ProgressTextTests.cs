using AiCoder.Cli.Terminal;

namespace AiCoder.Cli.Tests;

public sealed class ProgressTextTests
{
    [Fact]
    public void What_others_wrote_does_not_move_the_readers_cursor() =>
        Assert.Equal(
            "+a\uFFFD]0;pwned\uFFFD\uFFFD[2J\tb\n-中文\n",
            ProgressText.Printable("+a\u001b]0;pwned\u0007\u009b[2J\tb\r\n-中文\n"));
}
