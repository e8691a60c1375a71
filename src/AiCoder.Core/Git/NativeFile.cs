using System.Runtime.InteropServices;

namespace AiCoder.Core.Git;

/// <summary>A second name for a file's content, where the file system has such a thing.</summary>
internal static class NativeFile
{
    /// <summary>Links where it can, else copies. The target must not exist.</summary>
    public static void LinkOrCopy(string source, string target)
    {
        if (Link(source, target) != 0)
            File.Copy(source, target);
    }

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string source, [MarshalAs(UnmanagedType.LPUTF8Str)] string target);
}
