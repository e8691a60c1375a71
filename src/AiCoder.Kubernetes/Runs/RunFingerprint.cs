using System.Security.Cryptography;
using System.Text.Json;

namespace AiCoder.Kubernetes.Runs;

/// <summary>
/// Tells whether two requests are the same, without showing what is in them. It stands in the Job, which more people may read than
/// its Secret: so it is salted and slow, and covers everything at once, so that no value can be guessed by itself.
/// </summary>
internal static class RunFingerprint
{
    private const string Version = "v1";
    private const int Rounds = 200_000;
    private const int Bytes = 16;

    /// <summary>A new fingerprint of a request.</summary>
    public static string Of(RunRequest request)
    {
        var salt = RandomNumberGenerator.GetBytes(Bytes);
        return $"{Version}.{Convert.ToHexStringLower(salt)}.{Convert.ToHexStringLower(Hash(request, salt))}";
    }

    /// <summary>Whether a fingerprint is this request's.</summary>
    public static bool Matches(string? fingerprint, RunRequest request)
    {
        if (fingerprint?.Split('.') is not [Version, { Length: Bytes * 2 } salt, { Length: Bytes * 2 } hash])
            return false;
        try
        {
            return CryptographicOperations.FixedTimeEquals(Convert.FromHexString(hash), Hash(request, Convert.FromHexString(salt)));
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static byte[] Hash(RunRequest request, byte[] salt)
    {
        // What only says how this process behaves is no part of it.
        var text = JsonSerializer.SerializeToUtf8Bytes(request with { Keep = false, PendingTimeout = TimeSpan.Zero, Name = null });
        return Rfc2898DeriveBytes.Pbkdf2(text, salt, Rounds, HashAlgorithmName.SHA256, Bytes);
    }
}
