using AiCoder.Core.Network;

namespace AiCoder.Core.Models;

/// <summary>Where a task's model is, and how to log in there.</summary>
/// <param name="Kind">Which form of the API it speaks.</param>
/// <param name="Address">The base address (<c>…/v1</c>), or the Azure resource's.</param>
/// <param name="Model">The model's name, or the Azure deployment's.</param>
/// <param name="Trust">Who named the address.</param>
public sealed record ModelEndpoint(ModelEndpointKind Kind, Uri Address, string Model, AddressTrust Trust)
{
    /// <summary>The key; null: the endpoint wants none, or Azure's own credential is used.</summary>
    public string? Key { get; init; }

    /// <summary>What a person would set to change the key.</summary>
    public string KeySetting => (Kind, Trust) switch
    {
        (_, AddressTrust.Caller) => "api_key in the request",
        (ModelEndpointKind.OpenAi, _) => "OPENAI_API_KEY",
        (ModelEndpointKind.AzureKey, _) => "AZURE_OPENAI_API_KEY",
        _ => "the Azure identity's role on the resource (Cognitive Services OpenAI User)",
    };

    /// <summary>What a person would set to change the address.</summary>
    public string AddressSetting => (Kind, Trust) switch
    {
        (_, AddressTrust.Caller) => "base_url in the request",
        (ModelEndpointKind.OpenAi, _) => "OPENAI_BASE_URL",
        _ => "AZURE_OPENAI_ENDPOINT",
    };

    /// <summary>Prints no secret, whoever logs this.</summary>
    public override string ToString() => $"{Model} at {Address.GetLeftPart(UriPartial.Path)}";
}

/// <summary>The forms of chat completions that we speak.</summary>
public enum ModelEndpointKind
{
    /// <summary><c>&lt;address&gt;/chat/completions</c> with a bearer key.</summary>
    OpenAi,

    /// <summary>Azure OpenAI with its <c>api-key</c> header.</summary>
    AzureKey,

    /// <summary>Azure OpenAI with a token of DefaultAzureCredential.</summary>
    AzureCredential,
}
