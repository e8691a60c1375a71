using System.Collections.Frozen;

namespace AiCoder.Core.Failures;

/// <summary>
/// The one table of failures: each code, its category and whether it is worth another try. Users script against these
/// codes, so a code that has shipped never changes its meaning.
/// </summary>
public static class FailureCodes
{
    public const string HostNotFound = "host_not_found";
    public const string Refused = "refused";
    public const string Timeout = "timeout";
    public const string Reset = "reset";
    public const string ServerError = "server_error";
    public const string RateLimited = "rate_limited";
    public const string Tls = "tls";
    public const string AddressNotAllowed = "address_not_allowed";

    public const string InvalidToken = "invalid_token";
    public const string Forbidden = "forbidden";
    public const string HostKeyUnknown = "host_key_unknown";

    public const string RepositoryNotFound = "repository_not_found";
    public const string BranchNotFound = "branch_not_found";
    public const string EmptyRepository = "empty_repository";
    public const string PlanInvalid = "plan_invalid";
    public const string NoChanges = "no_changes";
    public const string ValidationFailed = "validation_failed";
    public const string ContentRefused = "content_refused";
    public const string PushRejected = "push_rejected";
    public const string PushConflict = "push_conflict";
    public const string Stuck = "stuck";
    public const string LimitTokens = "limit_tokens";
    public const string LimitCost = "limit_cost";
    public const string LimitTurns = "limit_turns";
    public const string LimitTime = "limit_time";
    public const string ModelUnusable = "model_unusable";
    public const string ApprovalRefused = "approval_refused";
    public const string ApprovalTimeout = "approval_timeout";

    public const string DiskFull = "disk_full";
    public const string OutOfMemory = "out_of_memory";
    public const string SandboxUnavailable = "sandbox_unavailable";
    public const string EngineUnavailable = "engine_unavailable";
    public const string Configuration = "configuration";
    public const string StorageUnavailable = "storage_unavailable";
    public const string NotDeterministic = "not_deterministic";
    public const string Unhandled = "unhandled";

    private static readonly FrozenDictionary<string, Entry> Table = new Dictionary<string, Entry>
    {
        [HostNotFound] = new(FailureCategory.Network, Retryable: true),
        [Refused] = new(FailureCategory.Network, Retryable: true),
        [Timeout] = new(FailureCategory.Network, Retryable: true),
        [Reset] = new(FailureCategory.Network, Retryable: true),
        [ServerError] = new(FailureCategory.Network, Retryable: true),
        [RateLimited] = new(FailureCategory.Network, Retryable: true),
        [Tls] = new(FailureCategory.Network),
        [AddressNotAllowed] = new(FailureCategory.Network),

        [InvalidToken] = new(FailureCategory.Authentication),
        [Forbidden] = new(FailureCategory.Authentication),
        [HostKeyUnknown] = new(FailureCategory.Authentication),

        [RepositoryNotFound] = new(FailureCategory.Code),
        [BranchNotFound] = new(FailureCategory.Code),
        [EmptyRepository] = new(FailureCategory.Code),
        [PlanInvalid] = new(FailureCategory.Code),
        [NoChanges] = new(FailureCategory.Code),
        [ValidationFailed] = new(FailureCategory.Code),
        [ContentRefused] = new(FailureCategory.Code),
        [PushRejected] = new(FailureCategory.Code),
        [PushConflict] = new(FailureCategory.Code),
        [Stuck] = new(FailureCategory.Code),
        [LimitTokens] = new(FailureCategory.Code),
        [LimitCost] = new(FailureCategory.Code),
        [LimitTurns] = new(FailureCategory.Code),
        [LimitTime] = new(FailureCategory.Code),
        [ModelUnusable] = new(FailureCategory.Code),
        [ApprovalRefused] = new(FailureCategory.Code),
        [ApprovalTimeout] = new(FailureCategory.Code),

        [DiskFull] = new(FailureCategory.System),
        [OutOfMemory] = new(FailureCategory.System),
        [SandboxUnavailable] = new(FailureCategory.System),
        [EngineUnavailable] = new(FailureCategory.System),
        [Configuration] = new(FailureCategory.System),
        [StorageUnavailable] = new(FailureCategory.System, Retryable: true),
        [NotDeterministic] = new(FailureCategory.System),
        [Unhandled] = new(FailureCategory.System),
    }.ToFrozenDictionary();

    /// <summary>Every code there is.</summary>
    public static IEnumerable<string> All => Table.Keys;

    /// <summary>The category of a code.</summary>
    /// <exception cref="ArgumentException">The code stands not in the table.</exception>
    public static FailureCategory CategoryOf(string code) => Find(code).Category;

    /// <summary>Whether a failure with this code is tried again.</summary>
    /// <exception cref="ArgumentException">The code stands not in the table.</exception>
    public static bool IsRetryable(string code) => Find(code).Retryable;

    private static Entry Find(string code) =>
        Table.TryGetValue(code, out var entry)
            ? entry
            : throw new ArgumentException($"'{code}' is no failure code; the codes stand in {nameof(FailureCodes)}.", nameof(code));

    private sealed record Entry(FailureCategory Category, bool Retryable = false);
}
