using System.Diagnostics;
using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Embedded;
using AiCoder.Embedded.Journal;
using AiCoder.Embedded.TestHost;

// <folder> <task id> <kill at the first write from this event on, or 0> [hang]: starts or resumes the task, prints its result as one line of JSON.
var (folder, taskId, killAfter, hang) = (args[0], args[1], int.Parse(args[2]), args.Contains("hang"));
await using var host = EmbeddedHost.Open(new EmbeddedHostSetup
{
    Options = new AiCoderOptions { WorkspaceDir = folder, StateDir = folder },
    Activities = new LoggingActivities(folder, hang),
    Secrets = new NoSecrets(),
    Workflow = ChainsWorkflow.RunAsync,
    Recorded = (_, recorded) =>
    {
        if (killAfter > 0 && recorded.Sequence >= killAfter)
            Process.GetCurrentProcess().Kill();
    },
});
try
{
    var spec = new TaskSpec { TaskId = taskId, RepoUrl = "https://git.example.com/g/p.git", Intent = "x", WorkBranch = $"ai/{taskId}", Model = "m" };
    var outcome = await host.StartAsync(spec, TaskSecrets.None, "request", "");
    Console.Error.WriteLine(outcome.Kind);
    var record = await host.WaitAsync(taskId);
    Console.WriteLine(JsonSerializer.Serialize(record?.Result, AiCoderJson.Options));
    return record?.Result?.Status == TaskState.Completed ? 0 : 1;
}
catch (FailureException exception)
{
    Console.WriteLine(JsonSerializer.Serialize(exception.Failure, AiCoderJson.Options));
    return 3;
}
