using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Microsoft.Win32.SafeHandles;

namespace AiCoder.Infra.Tests.Infrastructure;

/// <summary>
/// A profile in the form of Docker and Kubernetes, made into the kernel's own by libseccomp, as a container runtime does it.
/// </summary>
internal static partial class SeccompProfile
{
    public const string Path = "infra/docker/seccomp.json";

    private const uint Allow = 0x7fff0000;
    private const uint Errno = 0x00050000;

    private static readonly string[] Operators = ["", "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT"];

    /// <summary>The profile as JSON, anew for every caller.</summary>
    public static JsonObject Load() => JsonNode.Parse(Repository.Read(Path))!.AsObject();

    /// <summary>Skips the test where the machine has no libseccomp.</summary>
    public static void Require() =>
        Assert.SkipUnless(NativeLibrary.TryLoad("libseccomp.so.2", out _), "There is no libseccomp.so.2 (Debian: libseccomp2).");

    public static void Compile(JsonObject profile, string file)
    {
        var filter = Init(Action(profile, (string)profile["defaultAction"]!, "defaultErrnoRet"));
        Assert.NotEqual(0, filter);
        try
        {
            foreach (var rule in profile["syscalls"]!.AsArray().Select(rule => rule!.AsObject()))
            {
                var action = Action(rule, (string)rule["action"]!, "errnoRet");
                var arguments = (rule["args"]?.AsArray() ?? []).Select(Argument).ToArray();
                foreach (var name in rule["names"]!.AsArray().Select(name => (string)name!))
                {
                    var number = Resolve(name);
                    // Negative: this architecture or this libseccomp does not have it.
                    if (number >= 0)
                        Assert.True(AddRule(filter, action, number, (uint)arguments.Length, arguments) == 0, $"The rule for {name} was refused.");
                }
            }

            using var output = File.OpenHandle(file, FileMode.Create, FileAccess.Write);
            Assert.Equal(0, Export(filter, output));
        }
        finally
        {
            Release(filter);
        }
    }

    private static uint Action(JsonObject rule, string action, string errno) => action switch
    {
        "SCMP_ACT_ALLOW" => Allow,
        "SCMP_ACT_ERRNO" => Errno | (uint)((int?)rule[errno] ?? 1),
        _ => throw new InvalidOperationException($"{action} is not known here."),
    };

    private static Comparison Argument(JsonNode? argument) => new()
    {
        Index = uint.Parse(argument!["index"]!.ToJsonString(), CultureInfo.InvariantCulture),
        Operator = Array.IndexOf(Operators, (string)argument["op"]!) is > 0 and var index ? index : throw new InvalidOperationException("An operator is not known here."),
        Value = ulong.Parse(argument["value"]!.ToJsonString(), CultureInfo.InvariantCulture),
    };

    [LibraryImport("libseccomp.so.2", EntryPoint = "seccomp_init")]
    private static partial nint Init(uint action);

    [LibraryImport("libseccomp.so.2", EntryPoint = "seccomp_syscall_resolve_name", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Resolve(string name);

    [LibraryImport("libseccomp.so.2", EntryPoint = "seccomp_rule_add_array")]
    private static partial int AddRule(nint filter, uint action, int call, uint count, Comparison[] arguments);

    [LibraryImport("libseccomp.so.2", EntryPoint = "seccomp_export_bpf")]
    private static partial int Export(nint filter, SafeFileHandle file);

    [LibraryImport("libseccomp.so.2", EntryPoint = "seccomp_release")]
    private static partial void Release(nint filter);

    [StructLayout(LayoutKind.Sequential)]
    private struct Comparison
    {
        public uint Index;
        public int Operator;
        public ulong Value;
        public ulong Second;
    }
}
