using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Network;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Models;

/// <summary>Decides which endpoint serves a task, so that the operator's key never goes to an address that a caller named.</summary>
public static class ModelEndpointResolver
{
    /// <summary>The task's endpoint: the caller's with the caller's key, else the operator's with the operator's.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>: a caller's address without its own key.</exception>
    public static ModelEndpoint Resolve(AiCoderOptions options, TaskSpec spec, TaskSecrets secrets)
    {
        if (spec.BaseUrl is { } callers)
        {
            if (string.IsNullOrEmpty(secrets.ApiKey))
                throw new FailureException(
                    FailureCodes.Configuration, "The task names a base_url but its api_key is not there. Give both together; the operator's key is never sent to a caller's address.");
            return new(ModelEndpointKind.OpenAi, new Uri(callers), spec.Model, AddressTrust.Caller) { Key = secrets.ApiKey };
        }

        if (options.AzureOpenAiEndpoint is { } azure)
        {
            var kind = options.AzureOpenAiApiKey is null ? ModelEndpointKind.AzureCredential : ModelEndpointKind.AzureKey;
            return new(kind, azure, spec.Model, AddressTrust.Operator) { Key = options.AzureOpenAiApiKey };
        }

        return new(ModelEndpointKind.OpenAi, options.BaseUrl, spec.Model, AddressTrust.Operator) { Key = options.ApiKey };
    }
}
