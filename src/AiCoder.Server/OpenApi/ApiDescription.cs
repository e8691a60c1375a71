using AiCoder.Core;
using AiCoder.Core.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace AiCoder.Server.OpenApi;

/// <summary>The OpenAPI 3.1 document at <c>/openapi/v1.json</c>.</summary>
internal static class ApiDescription
{
    public const string Path = "/openapi/v1.json";

    public static void AddApiDescription(this IServiceCollection services)
    {
        // The forms as they really are on the wire.
        services.Configure<JsonOptions>(json =>
        {
            var options = json.SerializerOptions;
            options.PropertyNamingPolicy = AiCoderJson.Options.PropertyNamingPolicy;
            options.DefaultIgnoreCondition = AiCoderJson.Options.DefaultIgnoreCondition;
            options.NumberHandling = AiCoderJson.Options.NumberHandling;
            options.Encoder = AiCoderJson.Options.Encoder;
            options.TypeInfoResolverChain.Clear();
            options.TypeInfoResolverChain.Add(AiCoderJson.Options.TypeInfoResolver!);
        });
        services.AddOpenApi(document =>
        {
            document.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            document.AddSchemaTransformer(SchemaNotes.ApplyAsync);
            document.AddOperationTransformer(OperationNotes.ApplyAsync);
            document.AddDocumentTransformer((description, context, _) =>
            {
                Complete(description, context.ApplicationServices.GetRequiredService<AiCoderOptions>().ServiceKey is not null);
                return Task.CompletedTask;
            });
        });
    }

    public static void MapApiDescription(this IEndpointRouteBuilder routes) => routes.MapOpenApi();

    /// <summary>Says about an operation what the document shows, where the platform can't know it.</summary>
    public static void Describe(this RouteHandlerBuilder route, ApiOperation operation)
    {
        route.WithName(operation.Id).WithSummary(operation.Summary).WithMetadata(operation);
        if (operation.Description is { } description)
            route.WithDescription(description);
        if (operation.Body is { } body)
            route.WithMetadata(new Accepted(body, IsOptional: !operation.BodyRequired));
        foreach (var reply in operation.Replies)
            route.WithMetadata(new ProducesResponseTypeMetadata(reply.Status, reply.Type ?? typeof(void), reply.ContentType is { } type ? [type] : []));
    }

    private sealed record Accepted(Type RequestType, bool IsOptional) : IAcceptsMetadata
    {
        public IReadOnlyList<string> ContentTypes => ["application/json"];
    }

    private static void Complete(OpenApiDocument document, bool keyRequired)
    {
        document.Info = new()
        {
            Title = "AiCoder",
            Version = "v1",
            Description = "Takes a git repository and an intent in plain language to a pushed commit. Errors are application/problem+json (RFC 9457).",
        };
        document.Components ??= new();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            ["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "AICODER_API_KEY of the service." },
            ["key"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = AiCoder.Core.Api.ApiKey.HeaderName, Description = "The same." },
        };
        // Either of the two; where the service has no key, neither.
        document.Security =
        [
            new() { [new OpenApiSecuritySchemeReference("bearer", document)] = [] },
            new() { [new OpenApiSecuritySchemeReference("key", document)] = [] },
        ];
        if (!keyRequired)
            document.Security.Add([]);
    }
}
