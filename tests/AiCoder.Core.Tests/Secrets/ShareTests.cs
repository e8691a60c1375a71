using AiCoder.Core.Failures;
using AiCoder.Core.Processes;
using AiCoder.Core.Secrets;

namespace AiCoder.Core.Tests.Secrets;

/// <summary>STATE_DIR on a network share.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ShareTests : IDisposable
{
    // What Azure Files does over SMB: modes are the mount's, whoever is not its owner may not try to set them, no hard links.
    private const string Shim =
        """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <unistd.h>
        #include <sys/syscall.h>
        #include <sys/types.h>
        static int refused(void) { errno = EPERM; return -1; }
        int chmod(const char *path, mode_t mode) { return refused(); }
        int fchmod(int file, mode_t mode) { return refused(); }
        int fchmodat(int folder, const char *path, mode_t mode, int flags) { return refused(); }
        int mkdir(const char *path, mode_t mode) { return syscall(SYS_mkdirat, AT_FDCWD, path, 0777); }
        int link(const char *from, const char *to) { return refused(); }
        int linkat(int a, const char *from, int b, const char *to, int flags) { return refused(); }
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aicoder-share-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Where_modes_and_links_are_refused_the_store_works_all_the_same()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/cc"), "this machine has no C compiler to imitate such a share with");
        var library = Path.Combine(_folder.FullName, "shim.so");
        await File.WriteAllTextAsync(library + ".c", Shim, Stop);
        await RunAsync("/usr/bin/cc", ["-shared", "-fPIC", "-o", library, library + ".c"], []);
        var refused = await new ProcessRunner(TimeProvider.System).RunAsync(
            new() { FileName = "/bin/chmod", Arguments = ["700", _folder.FullName], Environment = new Dictionary<string, string> { ["LD_PRELOAD"] = library }, Timeout = TimeSpan.FromMinutes(1) }, Stop);
        Assert.SkipUnless(refused.ExitCode != 0, "this machine's programs can't be given another chmod");

        var output = await RunAsync(
            Path.ChangeExtension(typeof(ShareTests).Assembly.Location, null),
            [
                "-class", typeof(ProtectedSecretStoreTests).FullName!, "-class", typeof(KeyVaultTests).FullName!,
                "-method-", $"{typeof(ProtectedSecretStoreTests).FullName}.{nameof(ProtectedSecretStoreTests.Nothing_readable_is_on_disk_and_only_the_owner_has_access)}",
            ],
            new() { ["LD_PRELOAD"] = library });

        Assert.Contains("Failed: 0", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_of_another_user_where_modes_are_kept_takes_no_secret()
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root can make a folder for another user to find");
        Assert.SkipUnless(File.Exists("/usr/bin/setpriv"), "this machine has no setpriv");
        var open = (UnixFileMode)0b111_111_111;
        File.SetUnixFileMode(_folder.FullName, open);
        File.SetUnixFileMode(_folder.CreateSubdirectory("secrets").FullName, open);
        var tests = Path.ChangeExtension(typeof(ShareTests).Assembly.Location, null);
        string[] nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        var access = await new ProcessRunner(TimeProvider.System).RunAsync(
            new() { FileName = "/usr/bin/setpriv", Arguments = [.. nobody, "test", "-x", tests], Environment = new Dictionary<string, string>(), Timeout = TimeSpan.FromMinutes(1) }, Stop);
        Assert.SkipUnless(access.ExitCode == 0, "the tests lie where an ordinary user may not read");

        var output = await RunAsync(
            "/usr/bin/setpriv", [.. nobody, tests, "-method", $"{typeof(ShareTests).FullName}.{nameof(Refuses)}", "-explicit", "only"],
            new() { ["AICODER_TEST_FOLDER"] = _folder.FullName });

        Assert.Contains("Total: 1, Errors: 0, Failed: 0", output, StringComparison.Ordinal);
    }

    /// <summary>Run by the test above, as another user.</summary>
    [Fact(Explicit = true)]
    public async Task Refuses()
    {
        var folder = Environment.GetEnvironmentVariable("AICODER_TEST_FOLDER")!;
        using var store = new ProtectedSecretStore(new() { WorkspaceDir = folder, StateDir = folder });

        var exception = await Assert.ThrowsAsync<UnauthorizedAccessException>(() => store.PutAsync("t1", new() { ApiKey = "a-secret-of-the-task" }, Stop));

        Assert.Equal(FailureCodes.Configuration, FailureMapping.From(exception).Code);
        Assert.Empty(Directory.GetFiles(Path.Combine(folder, "secrets")));
    }

    private async Task<string> RunAsync(string program, string[] arguments, Dictionary<string, string> environment)
    {
        environment["PATH"] = "/usr/local/bin:/usr/bin:/bin";
        environment["HOME"] = _folder.FullName;
        environment["LANG"] = "C.UTF-8";
        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { } root)
            environment["DOTNET_ROOT"] = root;
        var outcome = await new ProcessRunner(TimeProvider.System).RunAsync(
            new() { FileName = program, Arguments = arguments, Environment = environment, Timeout = TimeSpan.FromMinutes(5), MergeOutput = true }, Stop);
        Assert.True(outcome.ExitCode == 0, outcome.StandardOutput);
        return outcome.StandardOutput;
    }
}
