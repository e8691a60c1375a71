using AiCoder.Core.Api;
using AiCoder.Functions.Tasks;
using AiCoder.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace AiCoder.Functions.Triggers;

/// <summary>The HTTP API, except server-sent events. The Functions host checks the function key; health needs none.</summary>
public sealed class HttpFunctions(DurableTasks tasks, RequestGate gate)
{
    private const string OneTask = "tasks/{id}";

    [Function("StartTask")]
    public Task<IResult> StartAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "tasks")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken stop) =>
        gate.WithBodyAsync(request, body => tasks.ApiOn(client).StartAsync(body, request.Headers["traceparent"], stop), stop);

    [Function("ListTasks")]
    public Task<IResult> ListAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "tasks")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken stop) =>
        gate.AnswerAsync(request, () => tasks.ApiOn(client).ListAsync(request.Query["limit"], request.Query["cursor"], stop));

    [Function("GetTask")]
    public Task<IResult> GetAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = OneTask)] HttpRequest request, string id, [DurableClient] DurableTaskClient client, CancellationToken stop) =>
        gate.AnswerAsync(request, () => tasks.ApiOn(client).GetAsync(id, stop));

    [Function("GetTaskEvents")]
    public Task<IResult> GetEventsAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = OneTask + "/events")] HttpRequest request, string id, [DurableClient] DurableTaskClient client, CancellationToken stop) =>
        gate.AnswerAsync(request, () => tasks.ApiOn(client).GetEventsAsync(id, request.Query["after"], stop));

    [Function("GetTaskDiff")]
    public Task<IResult> GetDiffAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = OneTask + "/diff")] HttpRequest request, string id, [DurableClient] DurableTaskClient client, CancellationToken stop) =>
        gate.AnswerAsync(request, () => tasks.ApiOn(client).GetDiffAsync(id, stop));

    [Function("GetTaskTranscript")]
    public Task<IResult> GetTranscriptAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = OneTask + "/transcript")] HttpRequest request, string id, [DurableClient] DurableTaskClient client, CancellationToken stop) =>
        gate.AnswerAsync(request, () => tasks.ApiOn(client).GetTranscriptAsync(id, stop));

    [Function("CancelTask")]
    public Task<IResult> CancelAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = OneTask + "/cancel")] HttpRequest request, string id, [DurableClient] DurableTaskClient client, CancellationToken stop) =>
        gate.WithBodyAsync(request, body => tasks.ApiOn(client).CancelAsync(id, body, stop), stop);

    [Function("ApproveTask")]
    public Task<IResult> ApproveAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = OneTask + "/approve")] HttpRequest request, string id, [DurableClient] DurableTaskClient client, CancellationToken stop) =>
        gate.WithBodyAsync(request, body => tasks.ApiOn(client).ApproveAsync(id, body, stop), stop);

    [Function("SendTaskMessage")]
    public Task<IResult> SendMessageAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = OneTask + "/messages")] HttpRequest request, string id, [DurableClient] DurableTaskClient client, CancellationToken stop) =>
        gate.WithBodyAsync(request, body => tasks.ApiOn(client).SendMessageAsync(id, body, stop), stop);

    [Function("DeleteTask")]
    public Task<IResult> DeleteAsync(
        [HttpTrigger(AuthorizationLevel.Function, "delete", Route = OneTask)] HttpRequest request, string id, [DurableClient] DurableTaskClient client, CancellationToken stop) =>
        gate.AnswerAsync(request, () => tasks.ApiOn(client).DeleteAsync(id, stop));

    [Function("GetHealth")]
    public async Task<IResult> GetHealthAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "health/{kind?}")] HttpRequest request, string? kind, [DurableClient] DurableTaskClient client, CancellationToken stop) =>
        new ApiResult(kind switch
        {
            null or "" or "ready" => await tasks.ApiOn(client).GetHealthAsync(stop),
            "live" => TaskApi.Live,
            _ => ApiAnswer.Problem(404, "There is no such address", "Health has /api/health, /api/health/live and /api/health/ready."),
        });
}
