using AiCoder.Core.Api;
using AiCoder.Core.Tasks;
using AiCoder.Http;
using AiCoder.Server.Access;
using AiCoder.Server.OpenApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AiCoder.Server.Http;

/// <summary>The paths of the API. What they answer is <see cref="TaskApi"/>'s affair.</summary>
internal static class TaskRoutes
{
    /// <summary>Under it there is nothing that anybody may not see.</summary>
    public const string HealthPath = "/api/health";

    public static void MapTasks(this IEndpointRouteBuilder routes)
    {
        var tasks = routes.MapGroup(TaskApi.TasksPath).WithTags("Tasks");
        tasks.MapPost("", StartAsync).Describe(Operations.Start);
        tasks.MapGet("", ListAsync).Describe(Operations.List);
        tasks.MapGet("{id}", GetAsync).Describe(Operations.Get);
        tasks.MapGet("{id}/events", EventsAsync).Describe(Operations.Events);
        tasks.MapGet("{id}/diff", DiffAsync).Describe(Operations.Diff);
        tasks.MapGet("{id}/transcript", TranscriptAsync).Describe(Operations.Transcript);
        tasks.MapPost("{id}/cancel", CancelAsync).Describe(Operations.Cancel);
        tasks.MapPost("{id}/approve", ApproveAsync).Describe(Operations.Approve);
        tasks.MapPost("{id}/messages", SendMessageAsync).Describe(Operations.SendMessage);
        tasks.MapDelete("{id}", DeleteAsync).Describe(Operations.Delete);

        var health = routes.MapGroup(HealthPath).WithTags("Health").WithMetadata(new OpenToAll()).DisableRateLimiting();
        MapHealth("", HealthAsync, Operations.Health);
        MapHealth("ready", HealthAsync, Operations.Ready);
        MapHealth("live", () => new ApiResult(TaskApi.Live), Operations.Live);

        // Load balancers ask by HEAD. The description has GET alone: two operations can't share an id.
        void MapHealth(string path, Delegate answer, ApiOperation operation)
        {
            health.MapGet(path, answer).Describe(operation);
            health.MapMethods(path, [HttpMethods.Head], answer).ExcludeFromDescription();
        }
    }

    private static Task<IResult> StartAsync(HttpRequest request, TaskApi api, CancellationToken stop) =>
        WithBodyAsync(request, body => api.StartAsync(body, TraceParentOf(request), stop));

    private static Task<IResult> ListAsync(string? limit, string? cursor, TaskApi api, CancellationToken stop) => Written(api.ListAsync(limit, cursor, stop));

    private static Task<IResult> GetAsync(string id, TaskApi api, CancellationToken stop) => Written(api.GetAsync(id, stop));

    private static async Task<IResult> EventsAsync(string id, string? after, HttpRequest request, TaskApi api, EventStream stream, CancellationToken stop) =>
        EventStream.IsWantedBy(request)
            ? await stream.OpenAsync(id, request, after, stop)
            : new ApiResult(await api.GetEventsAsync(id, after, stop));

    private static Task<IResult> DiffAsync(string id, TaskApi api, CancellationToken stop) => Written(api.GetDiffAsync(id, stop));

    private static Task<IResult> TranscriptAsync(string id, TaskApi api, CancellationToken stop) => Written(api.GetTranscriptAsync(id, stop));

    private static Task<IResult> CancelAsync(string id, HttpRequest request, TaskApi api, CancellationToken stop) =>
        WithBodyAsync(request, body => api.CancelAsync(id, body, stop));

    private static Task<IResult> ApproveAsync(string id, HttpRequest request, TaskApi api, CancellationToken stop) =>
        WithBodyAsync(request, body => api.ApproveAsync(id, body, stop));

    private static Task<IResult> SendMessageAsync(string id, HttpRequest request, TaskApi api, CancellationToken stop) =>
        WithBodyAsync(request, body => api.SendMessageAsync(id, body, stop));

    private static Task<IResult> DeleteAsync(string id, TaskApi api, CancellationToken stop) => Written(api.DeleteAsync(id, stop));

    private static Task<IResult> HealthAsync(TaskApi api, CancellationToken stop) => Written(api.GetHealthAsync(stop));

    private static async Task<IResult> Written(Task<ApiAnswer> answer) => new ApiResult(await answer);

    private static Task<IResult> WithBodyAsync(HttpRequest request, Func<string, Task<ApiAnswer>> operation) =>
        Written(request.AnswerAsync(operation, request.HttpContext.RequestAborted));

    private static string? TraceParentOf(HttpRequest request) => request.Headers.TraceParent is [{ } value] ? value : null;
}
