using System.Buffers.Binary;
using System.Runtime.InteropServices;
using AiCoder.Core.Failures;

namespace AiCoder.Embedded.Journal;

/// <summary>
/// Refuses file systems on which SQLite's write-ahead log loses data: its readers and writers share memory, which no network
/// file system carries between machines (https://sqlite.org/wal.html), and whose locks many of them only pretend to hold.
/// </summary>
internal static partial class LocalDisk
{
    // f_type of statfs(2), from Linux's magic.h and the file systems' own sources.
    private static readonly Dictionary<uint, string> Refused = new()
    {
        [0x6969] = "NFS",
        [0x517B] = "SMB",
        [0xFF534D42] = "SMB (CIFS)",
        [0xFE534D42] = "SMB2",
        [0x65735546] = "FUSE",
        [0x01021997] = "9p",
        [0x00C36400] = "Ceph",
        [0x5346414F] = "AFS",
        [0x6B414653] = "AFS",
        [0x73757245] = "Coda",
        [0x564C] = "NCP",
        [0x0BD00BD0] = "Lustre",
        [0x47504653] = "GPFS",
        [0x01161970] = "GFS2",
        [0x7461636F] = "OCFS2",
        [0x19830326] = "BeeGFS",
        [0x786F4256] = "VirtualBox shared folder",
        [0xBACBACBC] = "VMware shared folder",
    };

    /// <summary>Throws where a folder that exists stands on a network file system.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>.</exception>
    public static void Require(string directory) => Require(directory, TypeOf(directory));

    /// <summary>The same for a type that is known already.</summary>
    public static void Require(string directory, uint? type)
    {
        if (type is { } known && Refused.TryGetValue(known, out var name))
            throw new FailureException(
                FailureCodes.Configuration,
                $"The journal can't be kept in {directory}: that is a {name} file system, on which it would lose data. Set STATE_DIR to a folder on a local disk; WORKSPACE_DIR may stay where it is.");
    }

    /// <summary>The file system's type; null where the platform does not say.</summary>
    internal static uint? TypeOf(string directory)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        Span<byte> buffer = stackalloc byte[512];
        // The type is the structure's first word on every architecture; magic numbers are 32 bits wide.
        return StatFs(directory, buffer) == 0
            ? BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(buffer) : (uint)BinaryPrimitives.ReadInt64BigEndian(buffer)
            : null;
    }

    [LibraryImport("libc", EntryPoint = "statfs", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatFs(string path, Span<byte> buffer);
}
