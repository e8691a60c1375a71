using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Network;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Webhooks;

namespace AiCoder.Core.Activities;

/// <summary>Delivers one event to the webhook: one try.</summary>
/// <remarks>
/// The secret belongs to the address. A request's address is signed with the request's <c>webhook_secret</c> and never with the
/// operator's WEBHOOK_SECRET: a caller chooses most of an event's text, and could have it signed and replay it to the operator's
/// receiver. Without a secret of its own, such an address is sent events unsigned. Where the caller is the operator himself, or
/// names the operator's own WEBHOOK_URL, WEBHOOK_SECRET signs.
/// </remarks>
public sealed class NotifyActivity(AiCoderOptions options, ISecretStore secretStore, WebhookClient client)
{
    /// <exception cref="FailureException">The delivery failed.</exception>
    public async Task<NotifyOutput> RunAsync(NotifyInput input, ActivityContext context, CancellationToken cancellationToken)
    {
        if (!input.Deliver || Target(input.Url) is not { } target)
            return new NotifyOutput(Stop: false);

        var secrets = await secretStore.GetAsync(context.SecretsReference, cancellationToken).ConfigureAwait(false);
        var redactor = SecretRedactor.For(options, secrets);
        var body = WebhookBody.Create(input.Event, redactor);
        var secret = input.Url is not null && options.CallerIsOperator ? secrets.WebhookSecret ?? options.WebhookSecret
            : target.Trust == AddressTrust.Operator ? options.WebhookSecret
            : secrets.WebhookSecret;
        var wanted = await client
            .PostAsync(target.Url, target.Trust, WebhookClient.IdOf(input.Event), body, secret, cancellationToken)
            .ConfigureAwait(false);
        return new NotifyOutput(Stop: !wanted);
    }

    private (Uri Url, AddressTrust Trust)? Target(string? requested)
    {
        if (requested is null)
            return options.WebhookUrl is { } own ? (own, AddressTrust.Operator) : null;
        if (!Uri.TryCreate(requested, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            throw new FailureException(FailureCodes.AddressNotAllowed, "webhook_url is no http(s) address.");
        return (url, url == options.WebhookUrl ? AddressTrust.Operator : AddressTrust.Caller);
    }
}
