using System.IO.Pipes;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace AiCoder.Core.Git;

/// <summary>
/// Hands a secret to git's credential helper through a pipe of this process that the helper opens under <c>/proc</c>: it stands in
/// no argument, no environment and no file, can be read once, and is gone with this object. Only this user's processes can open it.
/// </summary>
internal sealed class SecretPipe : IDisposable
{
    /// <summary>What a pipe takes without a reader (POSIX: PIPE_BUF).</summary>
    public const int Limit = 4000;

    private readonly SafePipeHandle _read;

    public SecretPipe(string secret)
    {
        // Not inheritable: no child process gets the descriptor itself.
        // The writing end is closed at once, so that whoever asks a second time gets an end instead of waiting.
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.None);
        _read = pipe.ClientSafePipeHandle;
        pipe.Write(Encoding.UTF8.GetBytes(secret + "\n"));
    }

    /// <summary>A shell command for git's <c>credential.helper</c>. It answers the first <c>get</c>, and nothing else.</summary>
    public string CredentialHelper =>
        $"!f() {{ test \"$1\" = get || exit 0; IFS= read -r s < {Path} && printf 'password=%s\\n' \"$s\"; }}; f";

    private string Path => $"/proc/{Environment.ProcessId}/fd/{(int)_read.DangerousGetHandle()}";

    public void Dispose() => _read.Dispose();
}
