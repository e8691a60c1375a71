using System.Security.Cryptography;
using System.Text;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Secrets;

/// <summary>
/// A keyed hash of a task's secrets, so that "the same task again" can be told from "the same id with another token" without
/// keeping the secrets. The key is <c>STATE_DIR/keys/fingerprint.key</c>; without it a hash says nothing, not even of a weak password.
/// </summary>
public sealed class SecretFingerprint
{
    private const int KeyBytes = 32;

    private readonly string _path;
    private readonly Lazy<byte[]> _key;

    public SecretFingerprint(AiCoderOptions options)
    {
        _path = Path.Combine(options.StateDir, "keys", "fingerprint.key");
        _key = new(LoadKey);
    }

    /// <summary>
    /// The hash of each secret (64 hex digits) by the request's name for it. Another task has another hash of the same secret. The
    /// key is read only where there is a secret.
    /// </summary>
    /// <exception cref="FailureException"><c>system/configuration</c>: the key's file is damaged.</exception>
    public IReadOnlyDictionary<string, string> Compute(string taskId, TaskSecrets secrets) =>
        secrets.All.ToDictionary(
            secret => secret.Name,
            secret => Convert.ToHexStringLower(HMACSHA256.HashData(_key.Value, Encoding.UTF8.GetBytes($"{taskId}\n{secret.Name}\n{secret.Value}"))));

    /// <summary>A computed set as one text, for a journal.</summary>
    public static string Format(IReadOnlyDictionary<string, string> hashes) =>
        string.Join(' ', hashes.OrderBy(hash => hash.Key, StringComparer.Ordinal).Select(hash => $"{hash.Key}={hash.Value}"));

    /// <summary>Reads what <see cref="Format"/> wrote.</summary>
    public static IReadOnlyDictionary<string, string> Parse(string text) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(part => part.Split('=', 2))
            .ToDictionary(part => part[0], part => part[^1]);

    /// <summary>The names of secrets that differ between two computed sets, in order; empty where they are the same.</summary>
    public static IReadOnlyList<string> Differences(IReadOnlyDictionary<string, string> one, IReadOnlyDictionary<string, string> other) =>
        [.. one.Keys.Union(other.Keys).Where(name => one.GetValueOrDefault(name) != other.GetValueOrDefault(name)).Order(StringComparer.Ordinal)];

    private byte[] LoadKey()
    {
        if (!File.Exists(_path))
        {
            PrivateFile.CreateFolder(Path.GetDirectoryName(_path)!);
            try
            {
                PrivateFile.Write(_path, RandomNumberGenerator.GetBytes(KeyBytes), overwrite: false);
            }
            catch (IOException) when (File.Exists(_path))
            {
                // Another process was first; its key is the one.
            }
        }

        var key = File.ReadAllBytes(_path);
        return key.Length == KeyBytes
            ? key
            : throw new FailureException(FailureCodes.Configuration, $"{_path} is damaged: it must hold {KeyBytes} bytes. Delete it; ids that are sent again will then be taken for changed once.");
    }
}
