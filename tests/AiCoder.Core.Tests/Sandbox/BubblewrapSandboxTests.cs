using System.Net;
using System.Net.Sockets;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;

namespace AiCoder.Core.Tests.Sandbox;

public sealed class BubblewrapSandboxTests : IDisposable
{
    private readonly SandboxFixture _fixture = new(SandboxKind.Bubblewrap);

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task No_process_that_can_be_seen_inside_holds_anything_of_ours()
    {
        Environment.SetEnvironmentVariable("AICODER_TEST_LEAK", "leaked-value");
        var outcome = await _fixture.RunAsync("for p in /proc/[0-9]*; do cat $p/environ $p/cmdline | tr '\\0' '\\n'; done; ls /proc | grep -c '^[0-9]'");

        Assert.Equal(0, outcome.ExitCode);
        Assert.DoesNotContain("leaked-value", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(_fixture.Root, outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("dotnet test", outcome.Output, StringComparison.Ordinal);
        var processes = int.Parse(outcome.Output.Trim().Split('\n')[^1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(processes, 2, 8);
    }

    [Fact]
    public async Task What_is_masked_is_empty_inside_and_as_it_was_outside_and_a_link_in_its_place_is_refused()
    {
        File.WriteAllText(Path.Combine(_fixture.WorkTree, ".env"), "SECRET=1\n");
        Directory.CreateDirectory(Path.Combine(_fixture.WorkTree, ".agent"));
        File.WriteAllText(Path.Combine(_fixture.WorkTree, ".agent", "settings.json"), "{}");

        var outcome = await _fixture.RunAsync("cat .env; ls -A .agent; echo x > .env; echo x > .agent/y; test -e missing; echo $?", command => command with { Masked = [".env", ".agent", "missing"] });

        Assert.DoesNotContain("SECRET", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("settings.json", outcome.Output, StringComparison.Ordinal);
        Assert.EndsWith("1", outcome.Output.Trim(), StringComparison.Ordinal);
        Assert.Equal("SECRET=1\n", File.ReadAllText(Path.Combine(_fixture.WorkTree, ".env")));
        Assert.Equal(["settings.json"], Directory.EnumerateFiles(Path.Combine(_fixture.WorkTree, ".agent")).Select(Path.GetFileName));

        File.Delete(Path.Combine(_fixture.WorkTree, ".env"));
        File.CreateSymbolicLink(Path.Combine(_fixture.WorkTree, ".env"), "/etc");
        var refused = await Assert.ThrowsAsync<FailureException>(() => _fixture.RunAsync("true", command => command with { Masked = [".env"] }));
        Assert.Contains("symbolic link", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Standard_output_can_be_had_apart_and_whole_while_standard_error_is_kept_in_bounds()
    {
        using var output = new MemoryStream();
        var outcome = await _fixture.RunAsync("echo to-error >&2; seq 1 100000; echo more >&2", command => command with { StandardOutput = output, OutputLimit = 1_000 });

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal("to-error\nmore\n", outcome.Output);
        Assert.EndsWith("\n99999\n100000\n", System.Text.Encoding.UTF8.GetString(output.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_that_is_shown_can_be_connected_to_and_nothing_beside_it_be_written()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_fixture.Root, "shown")).FullName;
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder, "s")));
        listener.Listen();
        var accepted = listener.AcceptAsync(TestContext.Current.CancellationToken);
        var inside = _fixture.Sandbox.PathInside(folder);

        var outcome = await _fixture.RunAsync(
            $"python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect(\"{inside}/s\"); s.sendall(b\"hello\")' && touch {inside}/x", command => command with { ReadOnlyPaths = [folder] });

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Contains("Read-only", outcome.Output, StringComparison.Ordinal);
        using var connection = await accepted;
        var buffer = new byte[5];
        await connection.ReceiveAsync(buffer);
        Assert.Equal("hello"u8.ToArray(), buffer);
    }

    [Fact]
    public async Task No_pipe_stays_behind_for_which_somebody_would_wait()
    {
        var outcome = await _fixture.RunAsync("mkdir -p a/b && mkfifo .gitignore a/b/package.json && ln -s b a/link && echo x > a/file && ls a/b");

        Assert.Contains("package.json", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(
            ["a", "a/b", "a/file", "a/link"],
            Directory.EnumerateFileSystemEntries(_fixture.WorkTree, "*", SearchOption.AllDirectories)
                .Select(entry => Path.GetRelativePath(_fixture.WorkTree, entry)).Where(entry => !entry.StartsWith(".git/", StringComparison.Ordinal) && entry != ".git").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/x")]
    [InlineData("/usr/x")]
    [InlineData("/usr/local/bin/x")]
    [InlineData("/etc/passwd")]
    [InlineData("/etc/x")]
    [InlineData("/root/x")]
    [InlineData("/home/x")]
    [InlineData("/var/x")]
    [InlineData("/work/.git/config")]
    [InlineData("/work/.git/hooks/pre-commit")]
    [InlineData("/work/.git/x")]
    public async Task Nothing_can_be_written_outside_the_work_tree_and_into_git(string path)
    {
        var outcome = await _fixture.RunAsync($"mkdir -p $(dirname {path}) && echo x >> {path}");

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Equal("[core]\n", await File.ReadAllTextAsync(Path.Combine(_fixture.WorkTree, ".git", "config"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("mv .git gone")]
    [InlineData("rm -rf .git")]
    [InlineData("mount -o remount,bind,rw /work/.git")]
    [InlineData("umount /work/.git")]
    [InlineData("unshare -Urm sh -c 'umount /work/.git || mount -o remount,bind,rw /work/.git'")]
    public async Task Git_cannot_be_moved_removed_or_made_writable(string line)
    {
        var outcome = await _fixture.RunAsync(line + " && echo x > .git/x");

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Equal(["config"], Directory.GetFileSystemEntries(Path.Combine(_fixture.WorkTree, ".git")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task The_kernels_settings_cannot_be_written_even_where_we_are_root()
    {
        var outcome = await _fixture.RunAsync("x=$(cat /proc/sys/kernel/core_pattern); echo \"$x\" > /proc/sys/kernel/core_pattern");

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.DoesNotContain("CapEff:\t0000000000000001", (await _fixture.RunAsync("cat /proc/self/status")).Output, StringComparison.Ordinal);
        Assert.Contains("CapBnd:\t0000000000000000", (await _fixture.RunAsync("cat /proc/self/status")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_state_folder_other_tasks_and_the_operators_home_cannot_be_seen()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var secret = Path.Combine(home, $".aicoder-test-{Guid.NewGuid():N}");
        await File.WriteAllTextAsync(secret, "x", TestContext.Current.CancellationToken);
        try
        {
            var outcome = await _fixture.RunAsync($"cat {secret} {_fixture.StateDir}/key; ls {_fixture.Root} {_fixture.Options.WorkspaceDir}; cat /proc/1/root{secret}");

            Assert.NotEqual(0, outcome.ExitCode);
            Assert.Equal(5, outcome.Output.Split("No such file").Length - 1);
        }
        finally
        {
            File.Delete(secret);
        }
    }

    [Fact]
    public async Task There_is_no_network_unless_asked_for()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var connect = $"python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {((IPEndPoint)listener.LocalEndpoint).Port}), 5); print(\"connected\")'";

        var without = await _fixture.RunAsync(connect);
        Assert.NotEqual(0, without.ExitCode);
        Assert.Contains("refused", without.Output, StringComparison.OrdinalIgnoreCase);

        var with = await _fixture.RunAsync(connect, command => command with { Network = true });
        Assert.Equal((0, "connected\n"), (with.ExitCode, with.Output));
    }

    [Fact]
    public async Task Programs_inside_can_talk_to_each_other()
    {
        var outcome = await _fixture.RunAsync(
            """python3 -c 'import socket; s = socket.create_server(("localhost", 0)); socket.create_connection(("localhost", s.getsockname()[1]), 5); print("ok")'""");

        Assert.Equal("ok\n", outcome.Output);
    }

    [Fact]
    public async Task A_git_that_is_a_file_is_read_only_too()
    {
        Directory.Delete(Path.Combine(_fixture.WorkTree, ".git"), recursive: true);
        await File.WriteAllTextAsync(Path.Combine(_fixture.WorkTree, ".git"), "gitdir: /elsewhere\n", TestContext.Current.CancellationToken);
        var outcome = await _fixture.RunAsync("cat .git; echo x > .git");

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Equal("gitdir: /elsewhere\n", await File.ReadAllTextAsync(Path.Combine(_fixture.WorkTree, ".git"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Where_there_is_no_git_none_can_be_made()
    {
        Directory.Delete(Path.Combine(_fixture.WorkTree, ".git"), recursive: true);
        var outcome = await _fixture.RunAsync("git init . || mkdir -p .git/hooks");

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(_fixture.WorkTree));
    }

    [Fact]
    public async Task A_git_that_is_a_link_is_refused()
    {
        Directory.Delete(Path.Combine(_fixture.WorkTree, ".git"), recursive: true);
        File.CreateSymbolicLink(Path.Combine(_fixture.WorkTree, ".git"), _fixture.StateDir);

        var failure = await Assert.ThrowsAsync<FailureException>(() => _fixture.RunAsync("true"));
        Assert.Equal(FailureCodes.SandboxUnavailable, failure.Failure.Code);
    }

    [Fact]
    public async Task Temporary_files_are_private_to_a_command()
    {
        await _fixture.RunAsync("echo x > /tmp/file; echo x > /var/tmp/other; echo x > /dev/shm/third");
        var outcome = await _fixture.RunAsync("ls /tmp /var/tmp /dev/shm | grep -v :");

        Assert.Equal("", outcome.Output.Trim());
    }

    [Theory]
    [InlineData("python3 -c 'print(6*7)'")]
    [InlineData("node -e 'console.log(6*7)'")]
    [InlineData("cargo --version && echo 42")]
    [InlineData("javac -version && echo 42")]
    [InlineData("mvn --version && echo 42")]
    [InlineData("dotnet --version && echo 42")]
    [InlineData("cc --version && make --version && cmake --version && echo 42")]
    public async Task Toolchains_on_the_operators_path_work_inside(string line)
    {
        var program = line[..line.IndexOf(' ', StringComparison.Ordinal)];
        Assert.SkipWhen(ProgramPath.Find(program, new Dictionary<string, string>()) is null, $"this machine has no {program}");
        var outcome = await _fixture.RunAsync(line);

        Assert.True(outcome.Succeeded, outcome.Output);
        Assert.EndsWith("42\n", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_outlives_the_thread_that_started_it()
    {
        // bwrap --die-with-parent means the thread that started it; threads of the pool end when they idle.
        Task<CommandOutcome>? run = null;
        var thread = new Thread(() => run = _fixture.RunAsync("sleep 1; echo lived"));
        thread.Start();
        thread.Join();

        Assert.Equal("lived\n", (await run!).Output);
    }

    [Fact]
    public async Task A_sandbox_that_cannot_start_says_what_to_set()
    {
        // The synthetic files cannot be mounted where the folder they would stand in is missing.
        var sandbox = new BubblewrapSandbox(
            new ProcessRunner(TimeProvider.System),
            new() { Path = ["/usr/bin"], Roots = ["/dev/null/../not\0there"] },
            SecretRedactor.None,
            Path.Combine(_fixture.Root, "files"));

        var failure = await Assert.ThrowsAsync<FailureException>(() => sandbox.ProbeAsync(TestContext.Current.CancellationToken));
        Assert.Equal(FailureCodes.SandboxUnavailable, failure.Failure.Code);
        Assert.Contains("SANDBOX=none", failure.Message, StringComparison.Ordinal);
        Assert.Contains("SANDBOX=kubernetes", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_command_that_writes_nothing_can_t_write_in_the_work_tree(bool hasGit)
    {
        if (!hasGit)
            Directory.Delete(Path.Combine(_fixture.WorkTree, ".git"), recursive: true);

        var outcome = await _fixture.RunAsync("mkdir .git; touch made; mkdir .git/hooks; echo ran; echo kept > ~/file", command => command with { WritesNothing = true, Home = _fixture.Home });

        Assert.EndsWith("ran\n", outcome.Output, StringComparison.Ordinal);
        Assert.Equal("kept\n", await File.ReadAllTextAsync(Path.Combine(_fixture.Home, "file"), TestContext.Current.CancellationToken));
        Assert.Equal(hasGit ? [".git", ".git/config"] : [], Directory.EnumerateFileSystemEntries(_fixture.WorkTree, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(_fixture.WorkTree, path)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Kubernetes_is_said_to_be_missing()
    {
        var failure = Assert.Throws<FailureException>(() => SandboxFactory.Create(
            _fixture.Options with { Sandbox = SandboxKind.Kubernetes }, new ProcessRunner(TimeProvider.System), SecretRedactor.None));

        Assert.Equal(FailureCodes.Configuration, failure.Failure.Code);
        Assert.Contains("kubernetes", failure.Message, StringComparison.Ordinal);
    }
}
