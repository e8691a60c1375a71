using AiCoder.Core.Sandbox;

namespace AiCoder.Core.Tests.Sandbox;

public sealed class HostToolchainsTests : IDisposable
{
    // Not below /tmp, of which nothing is ever shown.
    private readonly string _home = Directory.CreateDirectory(
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), $".aicoder-test-{Guid.NewGuid():N}")).FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public void A_toolchain_is_shown_by_its_root_and_a_home_never()
    {
        Make("tools/node-22/bin/node");
        Make("bin/script");
        Make(".local/bin/tool");
        Make(".local/share/keyrings/secret");
        var found = Detect("tools/node-22/bin", "bin", ".local/bin");

        Assert.Equal([In("tools/node-22"), In("bin"), In(".local/bin")], found.Roots.Where(IsOurs));
    }

    [Fact]
    public void Cargos_folder_is_shown_without_its_credentials_and_with_the_toolchains_of_rustup()
    {
        Make(".cargo/bin/rustup");
        Make(".cargo/credentials.toml");
        Make(".rustup/toolchains/stable/bin/rustc");
        var found = Detect(".cargo/bin");

        Assert.Equal([In(".cargo/bin"), In(".rustup")], found.Roots.Where(IsOurs));
        Assert.Equal(In(".rustup"), found.Environment["RUSTUP_HOME"]);
    }

    [Fact]
    public void A_program_that_is_a_link_shows_where_it_leads()
    {
        Make("store/python-3.13/bin/python3");
        Make("bin/other");
        File.CreateSymbolicLink(In("bin/python3"), In("store/python-3.13/bin/python3"));

        Assert.Contains(In("store/python-3.13"), Detect("bin").Roots);
    }

    [Fact]
    public void Folders_of_ours_are_never_shown()
    {
        Make("workspace/task/home/1/.local/bin/planted");
        Make("outer/bin/tool");
        Make("outer/state/key");
        var found = Detect("workspace/task/home/1/.local/bin", "outer/bin");

        // The second one's root would hold the state folder.
        Assert.DoesNotContain(found.Roots, root => root == In("outer") || root.StartsWith(In("workspace"), StringComparison.Ordinal));
        Assert.DoesNotContain(found.Path, path => path.StartsWith(In("workspace"), StringComparison.Ordinal));
    }

    [Fact]
    public void Dotnets_certificates_stay_hidden()
    {
        Make(".dotnet/dotnet");
        Make(".dotnet/corefx/cryptography/x509stores/my/key.pfx");

        Assert.Equal([In(".dotnet/corefx")], Detect(".dotnet").Hidden);
    }

    [Fact]
    public void Commands_with_a_network_get_the_operators_proxy_and_certificates_but_no_password()
    {
        Make("ca.pem");
        var found = HostToolchains.Detect(
            name => name switch
            {
                "HOME" => _home,
                "HTTPS_PROXY" => "http://proxy.example:3128",
                "HTTP_PROXY" => "http://user:password@proxy.example:3128",
                "SSL_CERT_FILE" => In("ca.pem"),
                _ => null,
            },
            []);

        Assert.Equal("http://proxy.example:3128", found.NetworkEnvironment["HTTPS_PROXY"]);
        Assert.False(found.NetworkEnvironment.ContainsKey("HTTP_PROXY"));
        Assert.Equal(In("ca.pem"), found.NetworkEnvironment["SSL_CERT_FILE"]);
        Assert.Contains(In("ca.pem"), found.Roots);
        Assert.DoesNotContain("HTTPS_PROXY", found.Environment.Keys);
    }

    private HostToolchains Detect(params string[] folders) => HostToolchains.Detect(
        name => name switch
        {
            "HOME" => _home,
            "PATH" => string.Join(':', folders.Select(In)),
            _ => null,
        },
        [In("workspace"), In("outer/state")]);

    private bool IsOurs(string path) => path.StartsWith(_home + "/", StringComparison.Ordinal);

    private string In(string relative) => Path.Combine(_home, relative);

    private void Make(string relative)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(In(relative))!);
        File.WriteAllText(In(relative), "");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(In(relative), (UnixFileMode)0b111_101_101);
    }
}
