using System.Globalization;
using System.Net.Sockets;

namespace AiCoder.Core.Git;

/// <summary>
/// The ssh command for one operation. ssh reads a key only from a file, so the key stands in one for as long as the operation
/// takes: readable by this user alone, outside every workspace, in memory (<c>/dev/shm</c>) where the machine has that.
/// </summary>
internal sealed class SshLogin : IDisposable
{
    private const string Prefix = "aicoder-ssh-";
    private const string Memory = "/dev/shm";

    private readonly string? _folder;

    public SshLogin(RemoteAccess access)
    {
        var options = new List<string>
        {
            "BatchMode=yes", "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "CheckHostIP=no", "ForwardAgent=no",
            "ClearAllForwardings=yes", "PermitLocalCommand=no", "ConnectTimeout=30", "ServerAliveInterval=15", "ServerAliveCountMax=4",
            "PasswordAuthentication=no", "KbdInteractiveAuthentication=no", "EscapeChar=none",
        };
        var url = access.Url;
        if (access.Addresses.Count > 0)
        {
            // The checked address is connected to; the host's key is looked up under the name that was asked for.
            var alias = url.EffectivePort == 22 ? url.Host : string.Create(CultureInfo.InvariantCulture, $"[{url.Host}]:{url.EffectivePort}");
            var address = access.Addresses.FirstOrDefault(one => one.AddressFamily == AddressFamily.InterNetwork) ?? access.Addresses[0];
            options.Add($"HostName={address}");
            options.Add($"HostKeyAlias={alias}");
        }
        try
        {
            if (access.SshPrivateKey is not null || access.KnownHosts is not null)
                _folder = CreateFolder();
            if (access.KnownHosts is not null)
            {
                options.Add($"UserKnownHostsFile={Write("known_hosts", access.KnownHosts)}");
                options.Add("GlobalKnownHostsFile=/dev/null");
            }
            if (access.SshPrivateKey is not null)
            {
                options.Add($"IdentityFile={Write("key", access.SshPrivateKey)}");
                options.Add("IdentitiesOnly=yes");
                options.Add("IdentityAgent=none");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
        Command = "ssh -F /dev/null " + string.Join(' ', options.Select(option => "-o " + Quote(option)));
    }

    /// <summary>For GIT_SSH_COMMAND.</summary>
    public string Command { get; }

    public void Dispose()
    {
        if (_folder is not null)
            Directory.Delete(_folder, recursive: true);
    }

    private static string CreateFolder()
    {
        var parent = Directory.Exists(Memory) ? Memory : Path.GetTempPath();
        RemoveLeftovers(parent);
        var folder = Path.Combine(parent, $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid():n}");
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }

    /// <summary>What processes left behind that were killed in the middle.</summary>
    private static void RemoveLeftovers(string parent)
    {
        foreach (var folder in Directory.EnumerateDirectories(parent, Prefix + "*"))
        {
            var owner = Path.GetFileName(folder)[Prefix.Length..].Split('-')[0];
            if (owner == Environment.ProcessId.ToString(CultureInfo.InvariantCulture) || Directory.Exists("/proc/" + owner))
                continue;
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Another user's, or another process of ours removed it first.
            }
        }
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder!, name);
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        // Keys are pasted from Windows and without their last line break; ssh takes neither.
        file.Write(System.Text.Encoding.UTF8.GetBytes(text.Replace("\r\n", "\n", StringComparison.Ordinal).TrimEnd('\n') + "\n"));
        return path;
    }

    private static string Quote(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
