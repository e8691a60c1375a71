using AiCoder.Core.Failures;
using Azure;
using Azure.Identity;

namespace AiCoder.Server.Queue;

/// <summary>Which failure an exception of the storage's clients stands for. Their own messages are pages long.</summary>
internal static class StorageTrouble
{
    /// <summary>The failure, without any secret.</summary>
    public static Failure From(Exception exception) => exception switch
    {
        FailureException failure => failure.Failure,
        RequestFailedException { Status: > 0 } answer => From(answer),
        RequestFailedException { InnerException: { } inner } => From(inner),
        // What the SDK throws when it has tried several times.
        AggregateException { InnerExceptions: [.., var last] } => From(last),
        // Each of the credentials it tried has a paragraph; the first line says what to look for.
        AuthenticationFailedException identity => Failure.Of(FailureCodes.InvalidToken, $"No identity for the storage account: {FirstLine(identity.Message)}"),
        OperationCanceledException => Failure.Of(FailureCodes.Timeout, "The storage account did not answer in time."),
        _ => FailureMapping.From(exception),
    };

    private static Failure From(RequestFailedException answer) => answer.Status switch
    {
        401 or 403 => Failure.Of(
            FailureCodes.Forbidden,
            $"The storage account answered {Name(answer)}. The key must be the account's, or the identity needs the roles Storage Queue Data Contributor and Storage Blob Data Contributor."),
        429 or 503 => Failure.Of(FailureCodes.RateLimited, $"The storage account answered {Name(answer)}."),
        >= 500 => Failure.Of(FailureCodes.ServerError, $"The storage account answered {Name(answer)}."),
        _ => Failure.Of(FailureCodes.StorageUnavailable, $"The storage account answered {Name(answer)}."),
    };

    private static string Name(RequestFailedException answer) => answer.ErrorCode is { Length: > 0 } code ? $"{answer.Status} {code}" : $"{answer.Status}";

    private static string FirstLine(string text) => text.Split('\n', 2)[0].Trim();
}
