using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Core.Tasks;
using AiCoder.Core.Tools;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Agent;

/// <summary>
/// How far coding is, by the transcript: what every engine reads and writes there. What is decided follows from it alone, so that a
/// run that goes on after a kill decides as the first one would have.
/// </summary>
internal sealed class CodingRecord(CodeInput input, Workspace workspace, Transcript transcript, ActivityContext context, TimeProvider time)
{
    private readonly SpendingLimits _limits = new(input.Spec.Limits);

    /// <summary>This round's entries.</summary>
    public List<TranscriptEntry> Iteration =>
        [.. transcript.Entries.Where(entry => entry.Stage == Transcript.Coding && entry.Iteration == input.Iteration && entry is not (BatchEntry or ShortenEntry))];

    /// <summary>Everything on record.</summary>
    public IReadOnlyList<TranscriptEntry> Entries => transcript.Entries;

    /// <summary>The newest snapshot.</summary>
    public string Tree => AllResults.LastOrDefault()?.Tree ?? input.Tree;

    /// <summary>What coding cost so far.</summary>
    public Usage Usage => transcript.UsageOf(Transcript.Coding);

    private IEnumerable<ResultsEntry> AllResults => transcript.Entries.OfType<ResultsEntry>();

    /// <summary>The snapshot that the iteration began with.</summary>
    private string TreeBefore => AllResults.LastOrDefault(entry => entry.Iteration < input.Iteration)?.Tree ?? input.Source.Tree;

    private long LastMessage => transcript.Entries.OfType<MessageEntry>().Select(entry => entry.Number).DefaultIfEmpty().Max();

    /// <summary>What this batch answered before; null: it has not ended yet.</summary>
    public CodeOutput? Recorded() => transcript.Entries.OfType<BatchEntry>()
        .FirstOrDefault(entry => entry.Iteration == input.Iteration && entry.Batch == input.Batch)?.Output;

    /// <summary>Refuses limits that can't be kept.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>.</exception>
    public void CheckLimits(ModelClient model) => _limits.Check(model);

    /// <summary>Why the model may not be asked again; null: it may.</summary>
    public Failure? Exceeded()
    {
        if (input.Deadline is { } deadline && time.GetUtcNow().UtcDateTime >= deadline)
            return _limits.OutOfTime();
        var last = transcript.Entries.OfType<AnswerEntry>().LastOrDefault(entry => entry.Stage == Transcript.Coding)?.Answer.Usage ?? Usage.Zero;
        return _limits.Exceeded(input.Analysis + Usage, Usage, last);
    }

    /// <summary>
    /// Whether a model that says it is done has left everything as it was. The first iteration has to change the repository; a
    /// later one may find that there is nothing to mend.
    /// </summary>
    public bool IsUnchanged(string tree) => tree == input.Source.Tree
        || (input.Iteration > 1 && tree == TreeBefore && !Iteration.OfType<ResultsEntry>().Any(entry => entry.NothingChanged));

    /// <summary>What people have said and the model was not yet told.</summary>
    public Task<IReadOnlyList<TaskMessage>> NewMessagesAsync(CancellationToken cancellationToken) =>
        context.Signals.ReadMessagesAsync(LastMessage, cancellationToken);

    /// <summary>Records something the model is told.</summary>
    public Task SayAsync(MessageSource source, string text, long number, CancellationToken cancellationToken) => AppendAsync(
        new MessageEntry { Stage = Transcript.Coding, Iteration = input.Iteration, Role = "user", Source = source, Text = text, Number = number },
        cancellationToken);

    /// <summary>Records an answer. What it cost can't be taken back, so nothing cancels it.</summary>
    public Task AnsweredAsync(string model, ModelAnswer answer, ToolCallForm form = ToolCallForm.Native) => AppendAsync(
        new AnswerEntry { Stage = Transcript.Coding, Iteration = input.Iteration, Model = model, Answer = answer, Form = form }, CancellationToken.None);

    public Task AppendAsync(TranscriptEntry entry, CancellationToken cancellationToken) => transcript.AppendAsync(entry, cancellationToken);

    /// <summary>Ends the batch where the task's time is used up in the middle of a step, whose work is not kept.</summary>
    public Task<CodeOutput> EndOutOfTimeAsync(CancellationToken cancellationToken) =>
        EndAsync(done: false, null, _limits.OutOfTime(), cancellationToken);

    /// <summary>Ends the batch with a failure that waiting does not mend.</summary>
    public Task<CodeOutput> EndFailedAsync(Failure failure, CancellationToken cancellationToken) => EndAsync(done: false, null, failure, cancellationToken);

    /// <summary>Ends the batch.</summary>
    public async Task<CodeOutput> EndAsync(bool done, string? summary, Failure? failure, CancellationToken cancellationToken)
    {
        var changes = await workspace.DiffAsync(input.Source.Tree, Tree, cancellationToken).ConfigureAwait(false);
        var output = new CodeOutput(
            done,
            Tree,
            [.. changes.Select(change => change.ToString())],
            summary,
            Usage,
            [.. AllResults.SelectMany(entry => entry.Notes).Distinct()],
            failure);
        await AppendAsync(
            new BatchEntry { Stage = Transcript.Coding, Iteration = input.Iteration, Batch = input.Batch, Output = output },
            cancellationToken).ConfigureAwait(false);
        return output;
    }
}
