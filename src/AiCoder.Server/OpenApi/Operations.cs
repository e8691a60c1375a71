using System.Text.Json;
using System.Text.Json.Nodes;
using AiCoder.Core.Activities;
using AiCoder.Core.Api;
using AiCoder.Core.Tasks;

namespace AiCoder.Server.OpenApi;

/// <summary>The operations of the API, for their description.</summary>
internal static class Operations
{
    private static readonly ApiReply NoTask = ApiReply.Problem(404, "There is no such task.");
    private static readonly ApiReply BadBody = ApiReply.Problem(400, "The body or a parameter can't be taken; `errors` names each field.");
    private static readonly ApiReply NoJson = ApiReply.Problem(415, "The body is not called JSON.");
    private static readonly ApiReply TooLarge = ApiReply.Problem(413, $"The body has more than {TaskRequestReader.LargestRequest} bytes.");
    private static readonly ApiReply NotReady = ApiReply.Problem(503, "The storage of the tasks can't be used now; Retry-After says when to try again.");

    public static ApiOperation Start { get; } = new(
        "startTask",
        "Start a task",
        ApiReply.Json<TaskResult>(202, "The task is taken in, and runs when its turn comes.", Examples.Running),
        ApiReply.Json<TaskResult>(200, "The same task was there already.", Examples.Completed),
        BadBody,
        ApiReply.Problem(409, "Another task has this task_id; `differences` names what differs."),
        TooLarge,
        NoJson,
        NotReady)
    {
        Description = "The same `task_id` with the same body is the same task, however often it is sent. An unknown field is an error that names it.",
        Body = typeof(TaskRequest),
        BodyRequired = true,
        Example = Examples.Request,
    };

    public static ApiOperation List { get; } = new(
        "listTasks", "List the tasks, the newest first", ApiReply.Json<TaskList>(200, "A page of tasks; `next` is there where more follow."), BadBody)
    {
        Parameters = new Dictionary<string, string>
        {
            ["limit"] = $"How many at most, 1 to {TaskApi.MostListed}; default {TaskApi.DefaultLimit}.",
            ["cursor"] = "The `next` of the page before.",
        },
    };

    public static ApiOperation Get { get; } = new(
        "getTask", "A task's result, or what is known of it so far", ApiReply.Json<TaskResult>(200, "The task.", Examples.Completed), NoTask);

    public static ApiOperation Events { get; } = new(
        "getTaskEvents",
        "A task's events",
        ApiReply.Json<EventList>(200, "The events so far; or, with `Accept: text/event-stream`, each as it comes until the task's last.", Examples.Events),
        new ApiReply(204, "As a stream: the task has ended, and the client has all of its events."),
        BadBody,
        NoTask)
    {
        Description = "As a stream, `id` is the event's sequence, `event` its status, `data` its JSON. Last-Event-ID goes on where a stream broke off.",
        Parameters = new Dictionary<string, string> { ["after"] = "Only events with a sequence above this one." },
    };

    public static ApiOperation Diff { get; } = new(
        "getTaskDiff", "What a task changed", new ApiReply(200, "A patch that `git apply` takes.", null, "text/x-diff"),
        ApiReply.Problem(404, "There is no such task, or it keeps no changes."));

    public static ApiOperation Transcript { get; } = new(
        "getTaskTranscript", "What the model said and did", new ApiReply(200, "One JSON document a line.", null, "application/x-ndjson"),
        ApiReply.Problem(404, "There is no such task, or it keeps no transcript."));

    public static ApiOperation Cancel { get; } = new(
        "cancelTask",
        "End a task; nothing more is pushed",
        ApiReply.Json<TaskResult>(202, "It is being cancelled; its commands are gone within two seconds."),
        ApiReply.Json<TaskResult>(200, "It was cancelled already."),
        BadBody,
        NoTask,
        ApiReply.Problem(409, "It had ended."),
        TooLarge,
        NoJson)
    {
        Body = typeof(CancelBody),
        Example = new JsonObject { ["reason"] = "asked for by mistake" },
    };

    public static ApiOperation Approve { get; } = new(
        "approveTask",
        "Answer a task that waits for approval",
        ApiReply.Json<TaskResult>(202, "The answer will reach the task."),
        BadBody,
        NoTask,
        ApiReply.Problem(409, "The task asks nothing, or has ended."),
        TooLarge,
        NoJson)
    {
        Body = typeof(ApproveBody),
        BodyRequired = true,
        Example = new JsonObject { ["approved"] = false, ["comment"] = "leave the public API as it is" },
    };

    public static ApiOperation SendMessage { get; } = new(
        "sendMessage",
        "Tell a running task something; the model reads it before its next turn",
        ApiReply.Json<TaskResult>(202, "The message will reach the task."),
        BadBody,
        NoTask,
        ApiReply.Problem(409, $"It has ended, or was sent {TaskMessage.MostOfTask} messages already."),
        TooLarge,
        NoJson)
    {
        Body = typeof(MessageBody),
        BodyRequired = true,
        Example = new JsonObject { ["text"] = "Keep the old function as well." },
    };

    public static ApiOperation Delete { get; } = new(
        "deleteTask",
        "Remove a task that has ended, with all that is kept of it",
        new ApiReply(204, "It is gone."),
        NoTask,
        ApiReply.Problem(409, "It has not ended; cancel it first."));

    public static ApiOperation Health { get; } = new("getHealth", "Whether the storage of the tasks can be used; says nothing about the model and its key", Well, ApiReply.Problem(503, "They can't."));

    public static ApiOperation Ready { get; } = new("getReadiness", "The same as getHealth", Well, ApiReply.Problem(503, "They can't."));

    public static ApiOperation Live { get; } = new("getLiveness", "Whether the process answers", Well);

    private static ApiReply Well => ApiReply.Json<Health>(200, "Yes.", JsonSerializer.SerializeToNode(new { status = "ok" }));
}
