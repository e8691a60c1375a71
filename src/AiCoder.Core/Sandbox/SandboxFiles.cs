using AiCoder.Core.Failures;

namespace AiCoder.Core.Sandbox;

/// <summary>The few files of <c>/etc</c> that the sandbox makes up: programs need them, and the host's say who lives there.</summary>
internal sealed class SandboxFiles(string directory)
{
    /// <summary>The user and group inside.</summary>
    public const string UserId = "1000";

    private static readonly Dictionary<string, string> Contents = new()
    {
        ["passwd"] = $"sandbox:x:{UserId}:{UserId}:sandbox:{BubblewrapSandbox.Home}:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        ["group"] = $"sandbox:x:{UserId}:\nnogroup:x:65534:\n",
        ["hosts"] = "127.0.0.1 localhost sandbox\n::1 localhost ip6-localhost ip6-loopback\n",
        ["nsswitch.conf"] = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
    };

    private readonly Lock _gate = new();
    private bool _written;

    /// <summary>A folder with nothing in it.</summary>
    public string EmptyDirectory => Path.Combine(directory, "empty");

    /// <summary>A file with nothing in it.</summary>
    public string EmptyFile => Path.Combine(directory, "empty.txt");

    /// <summary>Files of the host and where they stand inside.</summary>
    public IEnumerable<(string Source, string Target)> For(bool network)
    {
        Write();
        foreach (var name in Contents.Keys)
            yield return (Path.Combine(directory, name), "/etc/" + name);
        // Without a network there is no one to ask; with one, the host's servers (often a link into /run).
        if (network && File.Exists("/etc/resolv.conf"))
            yield return (new FileInfo("/etc/resolv.conf").ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? "/etc/resolv.conf", "/etc/resolv.conf");
    }

    private void Write()
    {
        lock (_gate)
        {
            if (_written && Contents.Keys.All(name => File.Exists(Path.Combine(directory, name))) && File.Exists(EmptyFile))
                return;

            try
            {
                Directory.CreateDirectory(EmptyDirectory);
                foreach (var (name, content) in Contents.Append(new(Path.GetFileName(EmptyFile), "")))
                {
                    // Another process may be doing the same.
                    var temporary = Path.Combine(directory, $"{name}.{Guid.NewGuid():N}");
                    File.WriteAllText(temporary, content);
                    File.Move(temporary, Path.Combine(directory, name), overwrite: true);
                }
            }
            catch (UnauthorizedAccessException exception)
            {
                throw new FailureException(
                    FailureCodes.SandboxUnavailable,
                    $"The folder {directory} could not be written: {exception.Message} Give the user that runs AiCoder the right to it, or set STATE_DIR.",
                    exception);
            }

            _written = true;
        }
    }
}
