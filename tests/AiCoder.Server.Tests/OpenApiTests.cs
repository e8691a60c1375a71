using System.Text.Json;
using System.Text.Json.Nodes;
using AiCoder.Core;
using AiCoder.Core.Tasks;
using AiCoder.Server.Tests.Infrastructure;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using NJsonSchema;

namespace AiCoder.Server.Tests;

public sealed class OpenApiTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_document_is_valid_and_has_every_route_and_every_field_of_a_request()
    {
        EndpointDataSource? routes = null;
        await using var world = await ServedWorld.CreateAsync(setup: made => made with
        {
            AddServices = services => services.AddHostedService(given => new Look(() => routes = given.GetRequiredService<EndpointDataSource>())),
        });

        var (document, diagnostic) = await OpenApiDocument.LoadAsync(await StreamAsync(world.Client), cancellationToken: Cancel);

        Assert.Empty(diagnostic!.Errors);
        Assert.Empty(diagnostic.Warnings);
        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, diagnostic.SpecificationVersion);
        var described = document!.Paths.SelectMany(path => path.Value.Operations!.Keys.Select(method => $"{method} {path.Key}"));
        var routed = routes!.Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.RoutePattern.RawText!.Contains("api/", StringComparison.Ordinal) && !route.RoutePattern.RawText.Contains("openapi", StringComparison.Ordinal))
            // HEAD, which is GET without its body.
            .Where(route => route.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>() is null)
            .SelectMany(route => route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} /{route.RoutePattern.RawText!.Trim('/')}"));
        Assert.Equal(routed.Order(), described.Order());
        Assert.Equal(13, routed.Count());

        var request = document.Components!.Schemas!["TaskRequest"];
        Assert.Equal(NamesOf(typeof(TaskRequest)), request.Properties!.Keys.Order());
        Assert.Equal(["intent", "repo_url"], request.Required!.Order());
        Assert.False(request.AdditionalPropertiesAllowed);
        Assert.All(request.Properties, property => Assert.False(string.IsNullOrEmpty(property.Value.Description), property.Key));
        Assert.Equal(["approved"], document.Components.Schemas["ApproveBody"].Required!);
        Assert.Equal(["text"], document.Components.Schemas["MessageBody"].Required!);
        Assert.True(document.Paths["/api/tasks/{id}/approve"].Operations![HttpMethod.Post].RequestBody!.Required);
        Assert.Equal(NamesOf(typeof(ValidationOptions)), document.Components.Schemas["ValidationOptions"].Properties!.Keys.Order());
        Assert.Equal(NamesOf(typeof(TaskLimits)), document.Components.Schemas["TaskLimits"].Properties!.Keys.Order());
        Assert.Superset(NamesOf(typeof(TaskResult)).ToHashSet(), document.Components.Schemas["TaskResult"].Properties!.Keys.ToHashSet());
        Assert.Equal(["bearer", "key"], document.Components.SecuritySchemes!.Keys.Order());
        Assert.Equal(2, document.Security!.Count);
    }

    /// <summary>What the service really says is what the document says, field by field.</summary>
    [Fact]
    public async Task Real_answers_and_the_examples_fit_their_forms()
    {
        await using var world = await ServedWorld.CreateAsync();
        var json = JsonNode.Parse(await world.Client.GetStringAsync("openapi/v1.json", Cancel))!.AsObject();
        var id = await world.StartAsync();
        await world.EndAsync(id);

        await AssertFitsAsync("TaskResult", (await world.GetAsync($"api/tasks/{id}")).Json);
        await AssertFitsAsync("TaskList", (await world.GetAsync("api/tasks")).Json);
        await AssertFitsAsync("EventList", (await world.GetAsync($"api/tasks/{id}/events")).Json);
        await AssertFitsAsync("Problem", (await world.PostAsync("api/tasks", "{}")).Json);
        await AssertFitsAsync("Problem", (await world.StartAsync(world.Request(id, new { intent = "Another." }))).Json);
        await AssertFitsAsync("Health", (await world.GetAsync("api/health")).Json);
        var examples = 0;
        foreach (var content in Contents(json["paths"]!))
        {
            if (content["example"] is not JsonObject example || (string?)content["schema"]?["$ref"] is not { } reference)
                continue;
            await AssertFitsAsync(reference.Split('/')[^1], example);
            examples++;
        }

        Assert.InRange(examples, 7, 100);

        async Task AssertFitsAsync(string form, JsonObject body)
        {
            // Closed, so that a field that the document does not know is one too many.
            var schema = Closed(form);
            var errors = (await JsonSchema.FromJsonAsync(schema, Cancel)).Validate(body.ToJsonString());
            Assert.True(errors.Count == 0, $"{form}: {string.Join("; ", errors)}\n{body}");
        }

        string Closed(string form)
        {
            var definitions = new JsonObject();
            foreach (var (name, one) in json["components"]!["schemas"]!.AsObject())
            {
                var schema = JsonNode.Parse(one!.ToJsonString().Replace("#/components/schemas/", "#/definitions/", StringComparison.Ordinal))!.AsObject();
                if (schema.ContainsKey("properties"))
                    schema["additionalProperties"] = false;
                definitions[name] = schema;
            }

            var root = definitions[form]!.DeepClone().AsObject();
            root["definitions"] = definitions;
            return root.ToJsonString();
        }
    }

    private static IEnumerable<JsonObject> Contents(JsonNode node) => node switch
    {
        JsonObject one => one.Where(property => property.Value is not null)
            .SelectMany(property => property.Key.Contains('/', StringComparison.Ordinal) && property.Value is JsonObject content && content.ContainsKey("schema")
                ? [content]
                : Contents(property.Value!)),
        JsonArray many => many.SelectMany(one => Contents(one!)),
        _ => [],
    };

    private static IEnumerable<string> NamesOf(Type type) => AiCoderJson.Options.GetTypeInfo(type).Properties.Select(property => property.Name).Order();

    private static async Task<MemoryStream> StreamAsync(HttpClient client) => new(await client.GetByteArrayAsync("openapi/v1.json", Cancel));

    private sealed class Look(Action look) : Microsoft.Extensions.Hosting.IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            look();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
