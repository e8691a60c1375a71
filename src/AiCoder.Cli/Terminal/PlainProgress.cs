using AiCoder.Core.Activities;
using AiCoder.Core.Tasks;

namespace AiCoder.Cli.Terminal;

/// <summary>One line a step, without any control sequence: for logs, pipes and pods.</summary>
internal sealed class PlainProgress(TextWriter error, TimeProvider time) : IProgressView
{
    private readonly Lock _gate = new();
    private readonly long _began = time.GetTimestamp();
    private string _last = "";
    private Usage _usage = Usage.Zero;

    public void Show(ActivityProgress progress)
    {
        lock (_gate)
        {
            _usage = progress.Usage ?? _usage;
            Step(progress.Stage, ProgressText.OneLine(progress.Detail), progress.Usage);
        }
    }

    public void Show(TaskProgress progress)
    {
        lock (_gate)
        {
            var round = progress is { Status: TaskState.Coding, Iteration: > 1 } ? $"round {progress.Iteration}" : "";
            Step(progress.Status, round, progress.Usage.Turns > 0 && progress.Usage != _usage ? progress.Usage : null);
        }
    }

    public void Note(string line) => error.WriteLine(line);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Step(TaskState state, string detail, Usage? usage)
    {
        var text = $"{ProgressText.Of(state),-12} {detail}".TrimEnd();
        if (text == _last && usage is null)
            return;
        _last = text;
        var spent = usage is null ? "" : ProgressText.Of(usage);
        error.WriteLine($"{ProgressText.Of(time.GetElapsedTime(_began)),9}  {text}{(spent.Length > 0 ? $"  [{spent}]" : "")}");
    }
}
