using System.Text;
using AiCoder.Core.Failures;

namespace AiCoder.Embedded.Replay;

/// <summary>How large one input, output or event may be. What is larger belongs into the workspace, named by a snapshot.</summary>
internal static class PayloadBound
{
    /// <summary>In bytes of UTF-8.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>The failure of a payload that is too large; null where it is not.</summary>
    public static Failure? Check(string what, string payload)
    {
        // A character takes at most three bytes.
        if (payload.Length <= MaxBytes / 3)
            return null;
        var bytes = Encoding.UTF8.GetByteCount(payload);
        return bytes <= MaxBytes
            ? null
            : Failure.Of(
                FailureCodes.Unhandled,
                $"{what} has {bytes / 1024.0 / 1024.0:0.0} MB, more than the {MaxBytes / 1024 / 1024} MB that the journal takes. Ask for less at once: fewer files, shorter texts.");
    }
}
