using System.Text.Json;
using AiCoder.Core.Activities;
using AiCoder.Core.Configuration;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Embedded;
using AiCoder.Server.Queue;
using AiCoder.Testing;
using Microsoft.Data.Sqlite;

namespace AiCoder.Server.Tests.Queue;

/// <summary>A server's parts that have to do with the queue, on a journal that outlives it.</summary>
internal sealed class QueueServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ProtectedSecretStore _secrets;
    private QueueIntake? _intake;
    private Task _reading = Task.CompletedTask;

    public QueueServer(string name, AiCoderOptions options, Func<string, CancellationToken, Task> runAsync)
    {
        (Name, Options) = (name, options);
        _secrets = new ProtectedSecretStore(options);
        Host = EmbeddedHost.Open(new EmbeddedHostSetup
        {
            Options = options,
            Activities = new Running(runAsync),
            Secrets = _secrets,
            Workflow = async (context, spec) =>
            {
                await context.CallActivityAsync<string>("Run", spec.TaskId);
                return new() { TaskId = spec.TaskId, Status = TaskState.Completed };
            },
            DeletingAsync = (taskId, stop) => _intake?.ForgetAsync(taskId, stop) ?? Task.CompletedTask,
        });
    }

    public string Name { get; }

    public AiCoderOptions Options { get; }

    public EmbeddedHost Host { get; }

    public LogLines Log { get; } = new();

    public bool HasSecretsOf(string taskId) => File.Exists(Path.Combine(Options.StateDir, "secrets", taskId + ".secrets"));

    /// <summary>The claims as this server makes them.</summary>
    public async Task<TaskClaims> ClaimsAsync(QueueStorage storage, TimeProvider? time = null) =>
        new(storage.Claims, await Host.GetJournalIdAsync(), time ?? TimeProvider.System);

    public async Task ReadQueueAsync(QueueStorage storage)
    {
        _intake = await QueueIntake.CreateAsync(Options, Host, storage, TimeProvider.System, Log);
        _reading = _intake.RunAsync(_stop.Token);
    }

    /// <summary>
    /// A start that is killed where it asks whose the task is: all of it is in the journal, and what <paramref name="claimAsync"/> did is
    /// done. The host is of no more use; the journal is.
    /// </summary>
    public async Task DieWhileStartingAsync(AcceptedTask task, Func<CancellationToken, Task> claimAsync)
    {
        var asked = new TaskCompletionSource();
        _ = Host.StartAsync(
            task,
            TaskIdentity.Of(task, new SecretFingerprint(Options)),
            async stop =>
            {
                await claimAsync(stop);
                asked.SetResult();
                await Task.Delay(Timeout.Infinite, _stop.Token);
                return true;
            },
            QueueWorld.Cancellation);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(60), QueueWorld.Cancellation);
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(Options.StateDir, "journal.db")};Pooling=False");
        connection.Open();
        await using var command = connection.CreateCommand();
        command.CommandText = "UPDATE tasks SET owner = 'a process that is gone'";
        command.ExecuteNonQuery();
    }

    /// <summary>Stops reading; the host goes on.</summary>
    public async Task StopReadingAsync()
    {
        await _stop.CancelAsync();
        await _reading.WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        await StopReadingAsync();
        await Host.DisposeAsync();
        _secrets.Dispose();
        _stop.Dispose();
    }

    private sealed class Running(Func<string, CancellationToken, Task> runAsync) : IActivityInvoker
    {
        public async Task<JsonElement> InvokeAsync(string name, JsonElement input, ActivityContext context, CancellationToken stop)
        {
            await runAsync(context.TaskId, stop);
            return JsonSerializer.SerializeToElement("ran");
        }
    }
}
