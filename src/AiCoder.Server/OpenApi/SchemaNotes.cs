using System.Text.Json;
using System.Text.Json.Nodes;
using AiCoder.Core;
using AiCoder.Core.Api;
using AiCoder.Core.Tasks;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace AiCoder.Server.OpenApi;

/// <summary>Completes the forms that the platform reads off the types: enums by their wire names, and what only the code knows.</summary>
internal static class SchemaNotes
{
    private static readonly Type[] OfRequests =
        [typeof(TaskRequest), typeof(RequestCredentials), typeof(ValidationOptions), typeof(TaskLimits), typeof(PullRequestOptions)];

    public static async Task ApplyAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        if (type.IsEnum)
            SetEnum(schema, type, nullable: type != context.JsonTypeInfo.Type);
        // Not the either-or around such a form, which has no fields of its own.
        if (OfRequests.Contains(type) && schema.OneOf is not { Count: > 0 })
            schema.AdditionalPropertiesAllowed = false;
        if (type == typeof(ApproveBody))
            Require(schema, "approved", JsonSchemaType.Boolean);
        if (type == typeof(MessageBody))
            Require(schema, "text", JsonSchemaType.String);
        if (type == typeof(TaskRequest))
            await CompleteRequestAsync(schema, context, cancellationToken);
        if (type == typeof(TaskResult))
            await AddFrameAsync(schema, context, cancellationToken);
    }

    // The types take null, so that what is missing is answered with its name.
    private static void Require(OpenApiSchema schema, string name, JsonSchemaType type)
    {
        (schema.Required ??= new HashSet<string>()).Add(name);
        ((OpenApiSchema)schema.Properties![name]).Type = type;
    }

    private static void SetEnum(OpenApiSchema schema, Type type, bool nullable)
    {
        schema.Type = nullable ? JsonSchemaType.String | JsonSchemaType.Null : JsonSchemaType.String;
        schema.Enum = [.. Enum.GetNames(type).Select(name => (JsonNode)JsonNamingPolicy.SnakeCaseLower.ConvertName(name))];
    }

    private static async Task CompleteRequestAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        schema.Required = new HashSet<string> { "repo_url", "intent" };
        var properties = schema.Properties!;
        SetChoice<TaskEngine>("engine");
        SetChoice<ApprovalMode>("approval");
        SetChoice<ValidationFailureAction>("on_validation_failure");
        foreach (var name in schema.Required)
            ((OpenApiSchema)properties[name]).Type = JsonSchemaType.String;
        await SetEitherAsync("pull_request", JsonSchemaType.Boolean, typeof(PullRequestOptions));
        // The platform's own reference would drop the description.
        await SetEitherAsync("credentials", JsonSchemaType.Null, typeof(RequestCredentials));
        await SetEitherAsync("validation", JsonSchemaType.Null, typeof(ValidationOptions));
        await SetEitherAsync("limits", JsonSchemaType.Null, typeof(TaskLimits));
        await SetEitherAsync("metadata", JsonSchemaType.Null, typeof(JsonObject));
        foreach (var (name, note) in FieldNotes.Of)
            properties[name].Description = note;

        async Task SetEitherAsync(string name, JsonSchemaType simple, Type other) => properties[name] = new OpenApiSchema
        {
            OneOf = [new OpenApiSchema { Type = simple }, await context.GetOrCreateSchemaAsync(other, null, cancellationToken)],
        };

        void SetChoice<T>(string name)
            where T : struct, Enum
        {
            var choice = (OpenApiSchema)properties[name];
            choice.Enum = [.. Enum.GetValues<T>().Select(value => (JsonNode)AiCoderJson.NameOf(value))];
        }
    }

    // A task's JSON is its result with the frame around it.
    private static async Task AddFrameAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var frame = await context.GetOrCreateSchemaAsync(typeof(TaskFrame), null, cancellationToken);
        foreach (var (name, property) in frame.Properties!)
            schema.Properties![name] = property;
        foreach (var name in frame.Required ?? new HashSet<string>())
            (schema.Required ??= new HashSet<string>()).Add(name);
    }
}
