using System.Globalization;
using AiCoder.Server.Access;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace AiCoder.Server.OpenApi;

/// <summary>Writes into an operation what its <see cref="ApiOperation"/> says.</summary>
internal static class OperationNotes
{
    public static Task ApplyAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<ApiOperation>().SingleOrDefault() is not { } notes)
            return Task.CompletedTask;

        foreach (var parameter in (operation.Parameters ?? []).OfType<OpenApiParameter>())
        {
            parameter.Description = parameter.In == ParameterLocation.Path ? "The task's id." : notes.Parameters.GetValueOrDefault(parameter.Name ?? "");
            if (parameter.Name == "limit")
                parameter.Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Maximum = Core.Api.TaskApi.MostListed.ToString(CultureInfo.InvariantCulture) };
        }

        if (operation.RequestBody is OpenApiRequestBody { Content: { } bodies } body)
        {
            body.Required = notes.BodyRequired;
            foreach (var content in bodies.Values)
                content.Example = notes.Example?.DeepClone();
        }

        foreach (var reply in notes.Replies)
            Describe(operation, reply);
        if (notes.Id == Operations.Events.Id)
            AddStream(operation);
        if (metadata.OfType<OpenToAll>().Any())
            operation.Security = [];
        else
            AddCommonReplies(operation);
        return Task.CompletedTask;
    }

    private static void Describe(OpenApiOperation operation, ApiReply reply)
    {
        if (operation.Responses?[reply.Status.ToString(CultureInfo.InvariantCulture)] is not OpenApiResponse response)
            return;
        response.Description = reply.When;
        if (reply is { Type: null, ContentType: { } text })
            response.Content = new Dictionary<string, OpenApiMediaType> { [text] = new OpenApiMediaType { Schema = Text() } };
        foreach (var content in (response.Content?.Values ?? []).Where(_ => reply.Example is not null))
            content.Example = reply.Example!.DeepClone();
        if (operation.OperationId == Operations.Start.Id && reply.Status is 200 or 202)
            AddHeader(response, "Location", "Where the task is.", Text());
        if (reply.Status is 503)
            AddHeader(response, "Retry-After", "Seconds.", Seconds());
    }

    private static void AddStream(OpenApiOperation operation)
    {
        (operation.Parameters ??= []).Add(new OpenApiParameter
        {
            Name = "Last-Event-ID",
            In = ParameterLocation.Header,
            Description = "The sequence of the last event of a stream that broke off.",
            Schema = Text(),
        });
        if (operation.Responses?["200"] is OpenApiResponse { Content: { } content })
            content["text/event-stream"] = new OpenApiMediaType { Schema = Text() };
    }

    private static void AddCommonReplies(OpenApiOperation operation)
    {
        var problem = operation.Responses?.Values.OfType<OpenApiResponse>()
            .SelectMany(response => response.Content ?? new Dictionary<string, OpenApiMediaType>())
            .FirstOrDefault(content => content.Key == "application/problem+json").Value?.Schema;
        Add("401", "The key is missing or wrong.");
        Add("429", "More than REQUESTS_PER_MINUTE requests in a minute.");
        Add("403", "The service has no key, and the request comes from another machine, through a proxy or from another site's page.");
        Add("500", "The service failed; its log says more.");
        Add("503", "The storage of the tasks can't be used now.");
        foreach (var later in new[] { "429", "503" })
        {
            if (operation.Responses?[later] is OpenApiResponse response)
                AddHeader(response, "Retry-After", "Seconds.", Seconds());
        }

        void Add(string status, string when) => (operation.Responses ??= []).TryAdd(status, new OpenApiResponse
        {
            Description = when,
            Content = new Dictionary<string, OpenApiMediaType> { ["application/problem+json"] = new OpenApiMediaType { Schema = problem } },
        });
    }

    private static void AddHeader(OpenApiResponse response, string name, string description, OpenApiSchema schema) =>
        (response.Headers ??= new Dictionary<string, IOpenApiHeader>())[name] = new OpenApiHeader { Description = description, Schema = schema };

    private static OpenApiSchema Text() => new() { Type = JsonSchemaType.String };

    private static OpenApiSchema Seconds() => new() { Type = JsonSchemaType.Integer };
}
