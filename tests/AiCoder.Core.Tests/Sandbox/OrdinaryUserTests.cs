using AiCoder.Core.Processes;

namespace AiCoder.Core.Tests.Sandbox;

public sealed class OrdinaryUserTests
{
    private const string Nobody = "65534";

    [Fact]
    public async Task The_sandbox_keeps_its_promises_for_an_ordinary_user_too()
    {
        Assert.SkipUnless(Environment.UserName == "root", "these tests run as an ordinary user already");
        Assert.SkipUnless(File.Exists("/usr/bin/setpriv"), "this machine has no setpriv");

        var home = Directory.CreateTempSubdirectory("aicoder-nobody-");
        try
        {
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(home.FullName, (UnixFileMode)0b111_111_111);
            var runner = new ProcessRunner(TimeProvider.System);
            var tests = Path.ChangeExtension(typeof(OrdinaryUserTests).Assembly.Location, null);
            ProcessSpec As(params string[] arguments) => new()
            {
                FileName = "/usr/bin/setpriv",
                Arguments = [$"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", "--no-new-privs", .. arguments],
                Environment = new Dictionary<string, string> { ["PATH"] = "/usr/local/bin:/usr/bin:/bin", ["HOME"] = home.FullName, ["LANG"] = "C.UTF-8" },
                Timeout = TimeSpan.FromMinutes(5),
                MergeOutput = true,
            };
            var access = await runner.RunAsync(As("test", "-x", tests), TestContext.Current.CancellationToken);
            Assert.SkipUnless(access.ExitCode == 0, "the tests lie where an ordinary user may not read");

            var outcome = await runner.RunAsync(
                As(tests, "-class", typeof(BubblewrapSandboxTests).FullName!, "-class", typeof(BubblewrapBoundsTests).FullName!, "-class", typeof(DirectBoundsTests).FullName!),
                TestContext.Current.CancellationToken);
            Assert.True(outcome.ExitCode == 0, outcome.StandardOutput);
            Assert.Contains("Failed: 0", outcome.StandardOutput, StringComparison.Ordinal);
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }
}
