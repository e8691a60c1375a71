using System.Text.Json;
using System.Text.Json.Nodes;
using AiCoder.Core.Activities;
using AiCoder.Core.Agent;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Core.Telemetry;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Api;

/// <summary>
/// The HTTP API without HTTP: what each of its operations takes and answers, the same on every host. A host routes, authenticates and
/// writes the answers.
/// </summary>
public sealed class TaskApi(AiCoderOptions options, ITaskHost host, WorkspaceStore workspaces, TimeProvider time)
{
    /// <summary>Where the tasks are; an id follows behind a slash.</summary>
    public const string TasksPath = "/api/tasks";

    /// <summary>How many tasks a page has where the caller does not say.</summary>
    public const int DefaultLimit = 50;
    public const int MostListed = 500;
    public const int LongestMessage = 16_000;
    private const int LongestReason = 1_000;
    private const int RetryAfter = 5;

    /// <summary><c>GET /api/health/live</c>: the process answers.</summary>
    public static ApiAnswer Live { get; } = ApiAnswer.Json(200, new JsonObject { ["status"] = "ok" });

    /// <summary>The answer to a body that is too large.</summary>
    public static ApiAnswer TooLarge { get; } = ApiAnswer.Problem(
        413, "The request is too large", $"The body has more than {TaskRequestReader.LargestRequest} bytes.");

    /// <summary>The answer to a body that is not called JSON.</summary>
    public static ApiAnswer NotJson { get; } = ApiAnswer.Problem(
        415, "The body is not called JSON", "Send the body with the header 'Content-Type: application/json'.");

    /// <summary><c>POST /api/tasks</c>: 202 for a new task, 200 for one that is there already, 409 where its id has another.</summary>
    /// <param name="body">The request as JSON.</param>
    /// <param name="traceParent">The W3C trace context that came with it.</param>
    /// <param name="cancellationToken">Gives up before the task is taken in.</param>
    public Task<ApiAnswer> StartAsync(string body, string? traceParent, CancellationToken cancellationToken) => AnswerAsync(async () =>
    {
        var accepted = Accept(body, traceParent);
        var outcome = await host.StartAsync(accepted, cancellationToken).ConfigureAwait(false);
        var location = PathOf(accepted.Spec.TaskId);
        return outcome.Kind switch
        {
            StartKind.Started => ApiAnswer.Json(202, TaskDocument.Of(outcome.Task)) with { Location = location },
            StartKind.Same => ApiAnswer.Json(200, TaskDocument.Of(outcome.Task)) with { Location = location },
            _ => Conflict(accepted.Spec.TaskId, outcome.Differences),
        };
    });

    /// <summary>Takes a request, from wherever it came.</summary>
    /// <exception cref="TaskRequestException">With everything that is wrong with it.</exception>
    public AcceptedTask Accept(string body, string? traceParent)
    {
        var accepted = TaskAcceptance.Accept(TaskRequestReader.Read(body), options, TaskAcceptance.NewTaskId(time));
        return TaskTrace.Begin(accepted, traceParent);
    }

    /// <summary><c>GET /api/tasks?limit=&amp;cursor=</c></summary>
    public Task<ApiAnswer> ListAsync(string? limit, string? cursor, CancellationToken cancellationToken) => AnswerAsync(async () =>
    {
        var count = DefaultLimit;
        if (!string.IsNullOrEmpty(limit) && (!int.TryParse(limit, out count) || count is < 1 or > MostListed))
            return BadRequest("limit", $"limit is '{limit}'; it must be a whole number from 1 to {MostListed}.");
        try
        {
            var page = await host.ListAsync(count, string.IsNullOrEmpty(cursor) ? null : cursor, cancellationToken).ConfigureAwait(false);
            var answer = new JsonObject { ["tasks"] = new JsonArray([.. page.Tasks.Select(TaskDocument.Line)]) };
            if (page.Next is not null)
                answer["next"] = page.Next;
            return ApiAnswer.Json(200, answer);
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            return BadRequest("cursor", "cursor is not one that this service gave as 'next'.");
        }
    });

    /// <summary><c>GET /api/tasks/{id}</c>: the result, or what is known of it so far.</summary>
    public Task<ApiAnswer> GetAsync(string taskId, CancellationToken cancellationToken) => WithTaskAsync(
        taskId, task => Task.FromResult(ApiAnswer.Json(200, TaskDocument.Of(task))), cancellationToken);

    /// <summary><c>GET /api/tasks/{id}/events?after=</c></summary>
    /// <param name="taskId">The task.</param>
    /// <param name="after">The sequence of the last event that the caller has.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="from">Where the caller wrote it: the parameter's or the header's name.</param>
    public Task<ApiAnswer> GetEventsAsync(string taskId, string? after, CancellationToken cancellationToken, string from = "after") => WithTaskAsync(
        taskId,
        async _ =>
        {
            var sequence = 0;
            if (!string.IsNullOrEmpty(after) && (!int.TryParse(after, out sequence) || sequence < 0))
                return BadRequest(from, $"{from} is '{after}'; it must be the sequence of an event.");
            var events = await host.GetEventsAsync(taskId, sequence, cancellationToken).ConfigureAwait(false);
            return ApiAnswer.Json(200, new JsonObject
            {
                ["events"] = new JsonArray([.. events.Select(one => JsonSerializer.SerializeToNode(one, AiCoderJson.Options))]),
            });
        },
        cancellationToken);

    /// <summary><c>GET /api/tasks/{id}/diff</c>: a patch that <c>git apply</c> takes.</summary>
    public Task<ApiAnswer> GetDiffAsync(string taskId, CancellationToken cancellationToken) => WithTaskAsync(
        taskId,
        async task => workspaces.Find(taskId) is { } workspace
            ? ApiAnswer.Text("text/x-diff", await workspace.PatchAsync(null, cancellationToken).ConfigureAwait(false))
            : NothingKept(task, "changes"),
        cancellationToken);

    /// <summary><c>GET /api/tasks/{id}/transcript</c>: one JSON document a line.</summary>
    public Task<ApiAnswer> GetTranscriptAsync(string taskId, CancellationToken cancellationToken) => WithTaskAsync(
        taskId,
        async task =>
        {
            if (workspaces.Find(taskId)?.TranscriptPath is not { } path)
                return NothingKept(task, "transcript");
            var entries = await Transcript.ReadAsync(path, cancellationToken).ConfigureAwait(false);
            return ApiAnswer.Text("application/x-ndjson", string.Concat(entries.Select(entry => JsonSerializer.Serialize(entry, AiCoderJson.Options) + "\n")));
        },
        cancellationToken);

    /// <summary><c>POST /api/tasks/{id}/cancel</c>, body empty or <c>{"reason": …}</c>.</summary>
    public Task<ApiAnswer> CancelAsync(string taskId, string body, CancellationToken cancellationToken) => WithTaskAsync(
        taskId,
        async task =>
        {
            var request = ApiBody.Read<CancelBody>(body);
            if (request.Reason?.Length > LongestReason)
                return BadRequest("reason", $"reason has {request.Reason.Length} characters; at most {LongestReason} are taken.");
            var outcome = await host.CancelAsync(taskId, request.Reason, cancellationToken).ConfigureAwait(false);
            return outcome switch
            {
                CancelOutcome.Requested or CancelOutcome.Cancelled => await AcceptedAsync(taskId, cancellationToken).ConfigureAwait(false),
                CancelOutcome.AlreadyEnded when task.State == TaskState.Cancelled => ApiAnswer.Json(200, TaskDocument.Of(task)),
                CancelOutcome.AlreadyEnded => await EndedAsync(taskId, cancellationToken).ConfigureAwait(false),
                _ => NotFound(taskId),
            };
        },
        cancellationToken);

    /// <summary><c>POST /api/tasks/{id}/approve</c>, body <c>{"approved": true|false, "comment": …}</c>.</summary>
    public Task<ApiAnswer> ApproveAsync(string taskId, string body, CancellationToken cancellationToken) => WithTaskAsync(
        taskId,
        async task =>
        {
            var request = ApiBody.Read<ApproveBody>(body);
            // Silence is no yes: what is approved may be pushed.
            if (request.Approved is not { } approved)
                return BadRequest("approved", "approved is missing; send {\"approved\": true} to go on, or {\"approved\": false} to refuse.");
            if (request.Comment?.Length > LongestReason)
                return BadRequest("comment", $"comment has {request.Comment.Length} characters; at most {LongestReason} are taken.");
            // An answer that comes too early would be kept and taken for the answer to a question that nobody has seen yet.
            if (task is { HasEnded: false, State: not TaskState.AwaitingApproval })
                return ApiAnswer.Problem(409, "The task does not wait for approval", $"Task {taskId} is {AiCoderJson.NameOf(task.State)}; there is nothing to approve now.");
            var outcome = await host.ApproveAsync(taskId, new(approved, request.Comment), cancellationToken).ConfigureAwait(false);
            return await SentAsync(taskId, outcome, cancellationToken).ConfigureAwait(false);
        },
        cancellationToken);

    /// <summary><c>POST /api/tasks/{id}/messages</c>, body <c>{"text": …}</c>.</summary>
    public Task<ApiAnswer> SendMessageAsync(string taskId, string body, CancellationToken cancellationToken) => WithTaskAsync(
        taskId,
        async _ =>
        {
            var text = ApiBody.Read<MessageBody>(body).Text;
            if (string.IsNullOrWhiteSpace(text) || text.Length > LongestMessage)
                return BadRequest("text", $"text is missing or has more than {LongestMessage} characters; send {{\"text\": \"…\"}}.");
            var outcome = await host.SendMessageAsync(taskId, text, cancellationToken).ConfigureAwait(false);
            return await SentAsync(taskId, outcome, cancellationToken).ConfigureAwait(false);
        },
        cancellationToken);

    /// <summary><c>DELETE /api/tasks/{id}</c>: 204; 409 while it has not ended.</summary>
    public Task<ApiAnswer> DeleteAsync(string taskId, CancellationToken cancellationToken) => WithTaskAsync(
        taskId,
        async task => await host.DeleteAsync(taskId, cancellationToken).ConfigureAwait(false) switch
        {
            DeleteOutcome.Deleted => ApiAnswer.Empty(204),
            DeleteOutcome.Running => ApiAnswer.Problem(409, "The task has not ended", $"Task {taskId} is {AiCoderJson.NameOf(task.State)}; cancel it first: POST {PathOf(taskId)}/cancel."),
            _ => NotFound(taskId),
        },
        cancellationToken);

    /// <summary><c>GET /api/health</c>: whether tasks can be taken.</summary>
    public async Task<ApiAnswer> GetHealthAsync(CancellationToken cancellationToken)
    {
        try
        {
            await host.CheckAsync(cancellationToken).ConfigureAwait(false);
            return ApiAnswer.Json(200, new JsonObject { ["status"] = "ok" });
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // Anybody may ask: the failure's kind is said, its words (paths, accounts) are for the log.
            var failure = FailureMapping.From(exception);
            return ApiAnswer.Problem(503, "Not ready", $"The storage of the tasks can't be used: {AiCoderJson.NameOf(failure.Category)}/{failure.Code}; the service's log says more.") with { RetryAfter = RetryAfter };
        }
    }

    /// <summary>The one place where what goes wrong becomes an answer.</summary>
    public static async Task<ApiAnswer> AnswerAsync(Func<Task<ApiAnswer>> operation)
    {
        try
        {
            return await operation().ConfigureAwait(false);
        }
        catch (TaskRequestException exception)
        {
            return BadRequest([.. exception.Problems]);
        }
        catch (FailureException exception)
        {
            var failure = exception.Failure;
            var further = new JsonObject { ["error"] = JsonSerializer.SerializeToNode(failure, AiCoderJson.Options) };
            return ApiAnswer.Problem(failure.Retryable ? 503 : 500, "The service failed", failure.ToString(), further) with { RetryAfter = failure.Retryable ? RetryAfter : null };
        }
    }

    /// <summary>A request that can't be taken.</summary>
    public static ApiAnswer BadRequest(params IReadOnlyList<RequestProblem> problems) => ApiAnswer.Problem(
        400,
        "The request can't be taken",
        EnvironmentReader.Sentence([.. problems.Select(problem => problem.Message)]),
        new()
        {
            ["errors"] = new JsonArray([.. problems.Select(problem => (JsonNode)new JsonObject { ["field"] = problem.Field, ["message"] = problem.Message })]),
        });

    private static ApiAnswer BadRequest(string field, string message) => BadRequest(new RequestProblem(field, message));

    private async Task<ApiAnswer> WithTaskAsync(string taskId, Func<TaskRecord, Task<ApiAnswer>> operation, CancellationToken cancellationToken) =>
        await AnswerAsync(async () =>
            TaskAcceptance.IsTaskId(taskId) && await host.GetAsync(taskId, cancellationToken).ConfigureAwait(false) is { } task
                ? await operation(task).ConfigureAwait(false)
                : NotFound(taskId)).ConfigureAwait(false);

    private async Task<ApiAnswer> AcceptedAsync(string taskId, CancellationToken cancellationToken) =>
        await host.GetAsync(taskId, cancellationToken).ConfigureAwait(false) is { } task
            ? ApiAnswer.Json(202, TaskDocument.Of(task))
            : NotFound(taskId);

    private async Task<ApiAnswer> SentAsync(string taskId, SendOutcome outcome, CancellationToken cancellationToken) => outcome switch
    {
        SendOutcome.Sent => await AcceptedAsync(taskId, cancellationToken).ConfigureAwait(false),
        SendOutcome.AlreadyEnded => await EndedAsync(taskId, cancellationToken).ConfigureAwait(false),
        SendOutcome.TooMany => ApiAnswer.Problem(409, "The task was sent too many", $"Task {taskId} was sent {TaskMessage.MostOfTask} of these, and takes no more."),
        _ => NotFound(taskId),
    };

    private async Task<ApiAnswer> EndedAsync(string taskId, CancellationToken cancellationToken) =>
        await host.GetAsync(taskId, cancellationToken).ConfigureAwait(false) is { } task
            ? ApiAnswer.Problem(409, "The task has ended", $"Task {taskId} has ended: it is {AiCoderJson.NameOf(task.State)}.")
            : NotFound(taskId);

    private static ApiAnswer Conflict(string taskId, IReadOnlyList<string> differences) => ApiAnswer.Problem(
        409,
        "The task_id is taken",
        $"Task {taskId} exists with another request; what differs: {string.Join(", ", differences)}. Give this one another task_id, or send the same request.",
        new() { ["differences"] = new JsonArray([.. differences.Select(name => (JsonNode)name)]) });

    private static ApiAnswer NotFound(string taskId) => ApiAnswer.Problem(
        404, "There is no such task", TaskAcceptance.IsTaskId(taskId) ? $"There is no task {taskId}." : "That is no task id.");

    private static ApiAnswer NothingKept(TaskRecord task, string what) => ApiAnswer.Problem(404, $"There is no {what}", task.HasEnded
        ? $"Task {task.TaskId} keeps no {what}: it ended before it had any, or its workspace was removed (RETENTION_DAYS)."
        : $"Task {task.TaskId} has no {what} yet: it is {AiCoderJson.NameOf(task.State)}.");

    private static string PathOf(string taskId) => $"{TasksPath}/{taskId}";
}
