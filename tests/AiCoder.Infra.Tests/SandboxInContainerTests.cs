using System.Text.Json.Nodes;
using AiCoder.Infra.Tests.Infrastructure;

namespace AiCoder.Infra.Tests;

/// <summary>The seccomp profile, by the kernel: what bubblewrap needs passes, what a runtime refuses and ours too does not.</summary>
[Collection(PublishedImage.Name)]
public sealed class SandboxInContainerTests(PublishedImage image)
{
    [Fact]
    public async Task Under_the_profile_doctor_finds_a_sandbox()
    {
        using var container = new Container(image);

        var sandbox = await DoctorAsync(container);

        Assert.True((string?)sandbox["level"] == "ok", sandbox.ToJsonString());
    }

    [Fact]
    public async Task Under_a_profile_without_namespaces_doctor_says_which_settings_allow_them()
    {
        var profile = SeccompProfile.Load();
        var rules = profile["syscalls"]!.AsArray();
        rules.Remove(rules.Single(rule => rule!["names"]!.AsArray().Any(name => (string?)name == "unshare")));
        // A runtime's default lets processes be made and namespaces not; without clone nothing would start at all.
        rules.Add(new JsonObject
        {
            ["names"] = new JsonArray("clone"),
            ["action"] = "SCMP_ACT_ALLOW",
            ["args"] = new JsonArray(new JsonObject { ["index"] = 0, ["value"] = 0x02000000, ["op"] = "SCMP_CMP_LT" }),
        });
        using var container = new Container(image) { Seccomp = profile };

        var sandbox = await DoctorAsync(container);

        Assert.Equal("fail", (string?)sandbox["level"]);
        foreach (var advice in new[] { "--security-opt seccomp=", "hostUsers: false", "procMount: Unmasked", "SANDBOX=kubernetes" })
            Assert.Contains(advice, (string?)sandbox["mend"] + (string?)sandbox["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_parts_of_proc_covered_doctor_says_that_it_is_proc()
    {
        using var container = new Container(image) { MaskedProc = true };

        var sandbox = await DoctorAsync(container);

        Assert.Equal("fail", (string?)sandbox["level"]);
        Assert.Contains("systempaths=unconfined", (string?)sandbox["mend"], StringComparison.Ordinal);
        Assert.Contains("procMount: Unmasked", (string?)sandbox["mend"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keyctl", "python3 -c 'import ctypes; l=ctypes.CDLL(None,use_errno=True); l.syscall(250,0,0); print(ctypes.get_errno())'")]
    [InlineData("bpf", "python3 -c 'import ctypes; l=ctypes.CDLL(None,use_errno=True); l.syscall(321,0,0,0); print(ctypes.get_errno())'")]
    [InlineData("AF_VSOCK", "python3 -c 'import socket\ntry: socket.socket(40, socket.SOCK_STREAM)\nexcept OSError as e: print(1 if e.errno in (1, 38) else e.errno)'")]
    public async Task The_profile_refuses_what_no_build_needs(string what, string script)
    {
        Assert.SkipUnless(System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64, "The numbers of calls are those of x64.");
        using var container = new Container(image);

        var run = await container.RunAsync("sh", "-c", script);

        Assert.True(run.Output.Trim() == "1", $"{what}: {run.Output}{run.Error}");
    }

    [Fact]
    public void No_call_is_named_twice_and_the_charts_copy_is_the_same()
    {
        var names = SeccompProfile.Load()["syscalls"]!.AsArray().Where(rule => rule!["args"] is null)
            .SelectMany(rule => rule!["names"]!.AsArray().Select(name => (string)name!)).ToList();

        Assert.Equal(names.Distinct().Count(), names.Count);
        Assert.Equal(Repository.Read(SeccompProfile.Path), Repository.Read($"{Chart.Folder}/files/seccomp.json"));
    }

    private static async Task<JsonObject> DoctorAsync(Container container)
    {
        var run = await container.RunAsync("doctor", "--json");
        Assert.True(run.Output.StartsWith('['), run.Output + run.Error);
        return JsonNode.Parse(run.Output)!.AsArray().Select(finding => finding!.AsObject()).Single(finding => (string?)finding["name"] == "sandbox");
    }
}
