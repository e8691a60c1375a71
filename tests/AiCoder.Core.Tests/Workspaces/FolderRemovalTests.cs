using System.Diagnostics;
using AiCoder.Core.Workspaces;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Workspaces;

public sealed class FolderRemovalTests
{
    [Theory]
    [InlineData("mkdir -p a && : > $'a/\\xff.txt' && mkdir $'a/\\xfe' && : > $'a/\\xfe/f'")]
    [InlineData("perl -e 'for (1..1500) { mkdir \"dddddd\" or die; chdir \"dddddd\" or die } open F, \">f\"'")]
    [InlineData("mkdir -p a/b/c && : > a/b/c/f && mkfifo $'a/\\xffp' && chmod 0 a/b/c a/b a && chmod 555 .")]
    [InlineData("ln -s ../kept link && : > $'\\xff'")]
    public async Task Whatever_a_command_left_can_be_removed(string line)
    {
        using var temporary = new TemporaryFolder();
        var folder = Directory.CreateDirectory(Path.Combine(temporary.Root, "folder")).FullName;
        var kept = Path.Combine(Directory.CreateDirectory(Path.Combine(temporary.Root, "kept")).FullName, "file");
        await File.WriteAllTextAsync(kept, "x", TestContext.Current.CancellationToken);
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", line]) { WorkingDirectory = folder })!;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);

        FolderRemoval.Remove(folder);

        Assert.False(Path.Exists(folder));
        Assert.True(File.Exists(kept));
    }
}
