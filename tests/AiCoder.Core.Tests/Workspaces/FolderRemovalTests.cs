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

    [Fact]
    public async Task What_a_link_leads_to_is_kept_also_where_the_link_can_t_be_removed()
    {
        using var temporary = new TemporaryFolder();
        var kept = temporary["file"];
        await File.WriteAllTextAsync(kept, "x", TestContext.Current.CancellationToken);
        // Not even root can remove it.
        using var process = Process.Start(new ProcessStartInfo("sleep", ["600"]) { WorkingDirectory = temporary.Root })!;
        try
        {
            Assert.ThrowsAny<Exception>(() => FolderRemoval.Remove($"/proc/{process.Id}/cwd"));
        }
        finally
        {
            process.Kill();
        }

        Assert.True(File.Exists(kept));
    }

    /// <summary>On a service a task may be deleted while what others left is being taken away.</summary>
    [Fact]
    public async Task Several_can_remove_a_folder_at_the_same_time()
    {
        using var temporary = new TemporaryFolder();
        for (var round = 0; round < 12; round++)
        {
            var folder = Path.Combine(temporary.Root, "folder");
            for (var below = 0; below < 40; below++)
            {
                var path = Directory.CreateDirectory(Path.Combine(folder, $"a{below}", "b", "c")).FullName;
                await File.WriteAllTextAsync(Path.Combine(path, "file"), "x", TestContext.Current.CancellationToken);
            }

            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => FolderRemoval.Remove(folder))));

            Assert.False(Path.Exists(folder));
        }
    }
}
