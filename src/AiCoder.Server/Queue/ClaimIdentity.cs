using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiCoder.Core;
using AiCoder.Core.Tasks;

namespace AiCoder.Server.Queue;

/// <summary>
/// By what servers that share no key know the same task when it is sent again. Holds no secret: the secrets' hash is salted and slow, because
/// a claim outlives its task, and a password may be weak.
/// </summary>
/// <param name="Request">A hash of the request as it was sent, without its secrets.</param>
/// <param name="Spec">A hash of what it means; differs between servers whose defaults differ.</param>
/// <param name="Secrets">A hash of its secrets, with the way it was made; empty: it has none.</param>
internal sealed record ClaimIdentity(string Request, string Spec, string Secrets)
{
    // https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
    private const int Iterations = 600_000;
    private const int SaltBytes = 16;
    private const string Method = "pbkdf2-sha256";

    public static ClaimIdentity Of(AcceptedTask task) =>
        new(task.Fingerprint, SpecHash(task.Spec), task.Secrets.All.Any() ? SecretsHash(task.Secrets, Iterations, RandomNumberGenerator.GetBytes(SaltBytes)) : "");

    /// <summary>Whether it is this task's: sent with the same words or with others that mean the same, and with the same secrets.</summary>
    public bool Is(AcceptedTask task)
    {
        if (Request != task.Fingerprint && Spec != SpecHash(task.Spec))
            return false;
        if (Secrets.Length == 0 || !task.Secrets.All.Any())
            return Secrets.Length == 0 && !task.Secrets.All.Any();
        return Secrets.Split(':') is [Method, var iterations, var salt, _]
            && int.TryParse(iterations, out var count) && count is > 0 and <= 10 * Iterations
            && salt.Length == 2 * SaltBytes && salt.All(char.IsAsciiHexDigit)
            && Secrets == SecretsHash(task.Secrets, count, Convert.FromHexString(salt));
    }

    private static string SecretsHash(TaskSecrets secrets, int iterations, byte[] salt)
    {
        var text = string.Join('\n', secrets.All.Select(secret => $"{secret.Name}={Convert.ToBase64String(Encoding.UTF8.GetBytes(secret.Value))}"));
        var hash = Rfc2898DeriveBytes.Pbkdf2(text, salt, iterations, HashAlgorithmName.SHA256, outputLength: 32);
        return $"{Method}:{iterations}:{Convert.ToHexStringLower(salt)}:{Convert.ToHexStringLower(hash)}";
    }

    private static string SpecHash(TaskSpec spec)
    {
        var document = JsonSerializer.SerializeToNode(spec with { TraceParent = null }, AiCoderJson.Options);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sorted(document)?.ToJsonString(AiCoderJson.Options) ?? "")));
    }

    // A caller's metadata comes in any order.
    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject fields => new JsonObject(fields.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => KeyValuePair.Create(field.Key, Sorted(field.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
