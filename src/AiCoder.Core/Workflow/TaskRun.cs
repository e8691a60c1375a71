using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Core.Telemetry;

namespace AiCoder.Core.Workflow;

/// <summary>One run of the workflow: what is known so far, and the steps that find out more.</summary>
internal sealed class TaskRun(IWorkflowContext context, TaskSpec spec)
{
    /// <summary>How long a person has to answer <c>awaiting_approval</c>.</summary>
    private static readonly TimeSpan ApprovalBound = TimeSpan.FromDays(3);

    // Coding ends itself at the deadline, with its usage and snapshot. The workflow's own timer is for an activity that hangs.
    private static readonly TimeSpan DeadlineGrace = TimeSpan.FromSeconds(30);

    // A model that a repository talks into it can try a thousand paths.
    private const int MostNotes = 100;

    private readonly EventChain _events = new(context, spec.WebhookUrl);
    private readonly TaskClock _clock = new(context, TimeSpan.FromMinutes(spec.Limits.MaxMinutes ?? TaskLimits.DefaultMinutes) + DeadlineGrace);
    private readonly List<string> _notes = [];
    private Task _cancelled = Task.CompletedTask;
    private Task<ValidateOutput>? _baselineTask;
    private CloneOutput? _source;
    private Plan? _plan;
    private TestResults? _baseline;
    private TestResults? _results;
    private CodeOutput? _code;
    private CommitOutput? _commit;
    private Usage _analysis = Usage.Zero;
    private TaskState _status = TaskState.Pending;
    private int _iteration;
    private int _sequence;
    private int _progress;

    private CloneOutput Source => _source ?? throw new InvalidOperationException("Nothing was cloned yet.");

    private Plan Plan => _plan ?? throw new InvalidOperationException("Nothing was analysed yet.");

    private CodeOutput Code => _code ?? throw new InvalidOperationException("Nothing was coded yet.");

    /// <summary>The failure of the last validation; null where it did not fail.</summary>
    public Failure? ValidationFailure => _results is { Verdict: Verdict.Failed } results
        ? Failure.Of(FailureCodes.ValidationFailed, $"The validation still fails after {_iteration} iterations. {results.Reason} {(spec.OnValidationFailure == ValidationFailureAction.Draft ? "The branch is pushed as a draft." : "Nothing was pushed; the patch is kept in the workspace.")}")
        : null;

    public void Begin()
    {
        _cancelled = context.WaitForExternalEvent<CancelRequest>(WorkflowEvents.Cancel);
        _clock.Run();
        Report(TaskState.Started, 0, []);
    }

    public async Task CloneAsync()
    {
        Report(TaskState.Cloning, 5, new() { ["repo"] = spec.RepoUrl });
        _source = await StageAsync<CloneOutput>(ActivityNames.Clone, new CloneInput(spec));
        _notes.AddRange(_source.Notes);
    }

    /// <summary>Prepares, and runs the tests on the untouched clone, while the model analyses.</summary>
    public void BeginBaseline() =>
        _baselineTask = CallAsync<ValidateOutput>(
            ActivityNames.Validate, new ValidateInput(spec, Source, ValidationPurpose.Baseline, Source.Tree, null));

    public async Task AnalyzeAsync()
    {
        Report(TaskState.Analyzing, 15, []);
        var analysis = await StageAsync<AnalyzeOutput>(ActivityNames.Analyze, new AnalyzeInput(spec, Source));
        _analysis = analysis.Usage;
        if (analysis.Failure is { } failure)
            throw new TaskEndedException(failure);
        _plan = analysis.Plan;
    }

    public async Task BaselineAsync()
    {
        var since = context.CurrentUtcDateTime;
        // What is compared is verdicts and names; the output, which every later input would carry through the history again, is not.
        var results = (await _baselineTask!).Results;
        _baseline = results with { Commands = [.. results.Commands.Select(command => command with { Output = "" })] };
        _clock.Charge("baseline", since);
    }

    /// <summary>Asks a person where the request wants that for this kind; goes on at once otherwise.</summary>
    public async Task ApproveAsync(ApprovalMode kind)
    {
        if (spec.Approval != kind)
            return;

        var since = context.CurrentUtcDateTime;
        _clock.Pause();
        Report(TaskState.AwaitingApproval, _progress, kind == ApprovalMode.Plan
            ? new() { ["kind"] = "plan", ["plan"] = ToNode(Plan) }
            : new() { ["kind"] = "changes", ["changes"] = ToNode(Code.Changes) });

        using var bound = new CancellationTokenSource();
        var decision = context.WaitForExternalEvent<ApprovalDecision>(WorkflowEvents.Approval, bound.Token);
        var timeout = context.CreateTimer(ApprovalBound, bound.Token);
        var first = await Task.WhenAny(decision, timeout, _cancelled);
        bound.Cancel();
        _clock.Charge(AiCoderJson.NameOf(TaskState.AwaitingApproval), since);

        if (first == _cancelled)
            throw new TaskEndedException(null);
        if (first == timeout)
            throw Ended(FailureCodes.ApprovalTimeout, $"Nobody approved the {AiCoderJson.NameOf(kind)} within {ApprovalBound.TotalDays} days. Start the task again under another id.");
        if (await decision is { Approved: false } refusal)
            throw Ended(FailureCodes.ApprovalRefused, $"The {AiCoderJson.NameOf(kind)} {(kind == ApprovalMode.Plan ? "was" : "were")} refused. {refusal.Comment}".TrimEnd());
        _clock.Run();
    }

    /// <summary>Lets the model work until it says it is done, in batches, each of them a checkpoint.</summary>
    public async Task CodeAsync(int iteration)
    {
        _iteration = iteration;
        for (var batch = 1; batch == 1 || !Code.Done; batch++)
        {
            // The bar moves on with every batch but never reaches the next stage's mark.
            Report(TaskState.Coding, 65 - (35 / (iteration + batch - 1)), new()
            {
                ["plan"] = ToNode(Plan),
                ["changes"] = ToNode(_code?.Changes ?? []),
            });
            var feedback = iteration > 1 ? _results : null;
            var input = new CodeInput(spec, Source, Plan, iteration, batch, _code?.Tree ?? Source.Tree, feedback, _analysis)
            {
                Deadline = _clock.Deadline - DeadlineGrace,
            };
            _code = await StageAsync<CodeOutput>(ActivityNames.Code, input);
            if (_code.Failure is { } failure)
                throw new TaskEndedException(failure);
        }
    }

    public async Task<Verdict> ValidateAsync()
    {
        Report(TaskState.Testing, 70, new() { ["changes"] = ToNode(Code.Changes) });
        var input = new ValidateInput(spec, Source, ValidationPurpose.Changes, Code.Tree, _baseline);
        _results = (await StageAsync<ValidateOutput>(ActivityNames.Validate, input)).Results;
        return _results.Verdict;
    }

    public async Task CommitAsync(bool draft)
    {
        if (_cancelled.IsCompleted)
            throw new TaskEndedException(null);
        Report(TaskState.Committing, 90, new() { ["test_results"] = ToNode(_results) });
        var input = new CommitInput(
            spec, Source, Plan, Code.Tree, Code.Summary, _results!, Notes(), context.CurrentUtcDateTime, draft);
        // Once a push is under way only its own answer says what is so: neither cancel nor the clock cuts in.
        _clock.Pause();
        var since = context.CurrentUtcDateTime;
        _commit = await CallAsync<CommitOutput>(ActivityNames.Commit, input, interruptible: false);
        _clock.Charge(AiCoderJson.NameOf(_status), since);
    }

    /// <summary>Says how it ended, and waits for the events within their bound.</summary>
    public async Task<TaskResult> EndAsync(TaskState status, Failure? failure = null)
    {
        _clock.Pause();
        var result = Result(status, failure);
        var data = status switch
        {
            TaskState.Cancelled => [],
            _ => ToNode(result)!.AsObject(),
        };
        Report(status, status == TaskState.Completed ? 100 : _progress, data);
        var ended = context.CurrentUtcDateTime;
        await _events.DrainAsync();
        // A replay would count the task again.
        if (!context.IsReplaying)
            TaskTrace.End(spec, result, _clock.Start, ended);
        return result with { UndeliveredEvents = _events.Undelivered };
    }

    private async Task<T> StageAsync<T>(string activity, object input)
        where T : class
    {
        var since = context.CurrentUtcDateTime;
        try
        {
            return await CallAsync<T>(activity, input);
        }
        finally
        {
            _clock.Charge(AiCoderJson.NameOf(_status), since);
        }
    }

    /// <summary>Calls an activity, again where its failure is worth it. Cancel and the task's clock end the waiting.</summary>
    private async Task<T> CallAsync<T>(string activity, object input, bool interruptible = true)
        where T : class
    {
        for (var attempt = 1; ; attempt++)
        {
            var call = context.CallActivityAsync<Outcome<T>>(activity, input);
            if (interruptible)
                await InterruptibleAsync(call);
            var outcome = await call;
            if (outcome.Value is { } value)
                return value;
            if (outcome.Failure is not { } failure)
                throw new TaskEndedException(null);
            if (RetryTable.NextDelay(activity, failure, attempt, context.InstanceId) is not { } delay)
                throw new TaskEndedException(failure);
            // Nothing can come of a pause that outlasts the task: it ends now, and says what it would have waited for.
            if (interruptible && delay >= _clock.Left - DeadlineGrace)
                throw OutOfTime($"It would have waited {delay.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} seconds for another try: {failure}");
            if (!context.IsReplaying)
                TaskMetrics.Retried(activity, failure);

            using var cancel = new CancellationTokenSource();
            try
            {
                var pause = context.CreateTimer(delay, cancel.Token);
                await (interruptible ? InterruptibleAsync(pause) : pause);
            }
            finally
            {
                cancel.Cancel();
            }
        }
    }

    /// <summary>Returns when the work is done; throws when the task is cancelled or its time is used up before.</summary>
    private async Task InterruptibleAsync(Task work)
    {
        var first = await Task.WhenAny(work, _cancelled, _clock.Expired);
        if (first == work)
            return;
        throw first == _cancelled
            ? new TaskEndedException(null)
            : OutOfTime("");
    }

    private TaskEndedException OutOfTime(string why) =>
        Ended(FailureCodes.LimitTime, $"The task used up its {spec.Limits.MaxMinutes ?? TaskLimits.DefaultMinutes} minutes (limits.max_minutes). {why} What was done is kept in the workspace; nothing was pushed.".Replace("  ", " ", StringComparison.Ordinal));

    private void Report(TaskState status, int progress, JsonObject data)
    {
        _status = status;
        _progress = Math.Max(_progress, progress);
        _sequence++;
        data["progress"] = _progress;
        data["sequence"] = _sequence;
        if (TotalUsage() is { Turns: > 0 } usage && !data.ContainsKey("usage"))
            data["usage"] = ToNode(usage);
        if (spec.Metadata is { } metadata && !data.ContainsKey("metadata"))
            data["metadata"] = metadata.DeepClone();
        context.SetCustomStatus(new TaskProgress
        {
            Status = status,
            Progress = _progress,
            Iteration = _iteration,
            Sequence = _sequence,
            Usage = TotalUsage(),
        });
        _events.Send(new TaskEvent(spec.TaskId, status, context.CurrentUtcDateTime, data), _sequence);
    }

    private TaskResult Result(TaskState status, Failure? failure) => new()
    {
        TaskId = spec.TaskId,
        Status = status,
        Branch = _commit is null ? null : spec.WorkBranch,
        CommitHash = _commit?.CommitHash,
        Changes = _commit?.Changes ?? _code?.Changes ?? [],
        Plan = _plan,
        Summary = _code?.Summary,
        TestResults = _results,
        PushResult = _commit?.Push ?? new PushResult { Pushed = false },
        PullRequest = _commit?.PullRequest,
        Usage = TotalUsage(),
        Iterations = _iteration,
        Timings = _clock.Timings(),
        UndeliveredEvents = _events.Undelivered,
        Notes = Notes(),
        Metadata = spec.Metadata,
        Error = failure,
    };

    private string[] Notes()
    {
        string[] all = [.. _notes.Concat(_code?.Notes ?? []).Concat(_commit?.Notes ?? []).Distinct()];
        return all.Length <= MostNotes ? all : [.. all.Take(MostNotes), $"And {all.Length - MostNotes} more such notes; the transcript has them."];
    }

    private Usage TotalUsage()
    {
        var coding = _code?.Usage ?? Usage.Zero;
        return (_analysis + coding) with
        {
            ByStage = new Dictionary<string, Usage> { ["analyzing"] = _analysis, ["coding"] = coding },
        };
    }

    private static TaskEndedException Ended(string code, string message) => new(Failure.Of(code, message));

    private static JsonNode? ToNode<T>(T value) => JsonSerializer.SerializeToNode(value, AiCoderJson.Options);
}
