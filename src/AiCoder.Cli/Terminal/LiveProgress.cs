using AiCoder.Core.Activities;
using AiCoder.Core.Tasks;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace AiCoder.Cli.Terminal;

/// <summary>A display on a terminal that redraws itself: stages, what runs now, turns, tokens, cost, time.</summary>
internal sealed class LiveProgress : IProgressView
{
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(150);
    private static readonly string[] Spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

    private static readonly TaskState[] Stages =
        [TaskState.Cloning, TaskState.Analyzing, TaskState.Coding, TaskState.Testing, TaskState.Committing];

    private readonly IAnsiConsole _console;
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly Lock _gate = new();
    private readonly Queue<string> _notes = [];
    private readonly Dictionary<TaskState, TimeSpan> _spent = [];
    private readonly Dictionary<TaskState, Usage> _usage = [];
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _drawing;
    private TaskState _state = TaskState.Pending;
    private TaskState? _endedIn;
    private Usage _total = Usage.Zero;
    private long _stageBegan;
    private string _detail = "";
    private int _iteration;
    private int _frame;

    public LiveProgress(CommandConsole console, TimeProvider time)
    {
        _time = time;
        _began = _stageBegan = time.GetTimestamp();
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(console.Error),
            Ansi = AnsiSupport.Yes,
            ColorSystem = console.NoColour ? ColorSystemSupport.NoColors : ColorSystemSupport.Standard,
            Interactive = InteractionSupport.Yes,
        });
        _console.Profile.Width = Math.Max(40, TerminalWidth());
        _drawing = DrawAsync();
    }

    public void Show(ActivityProgress progress)
    {
        lock (_gate)
        {
            Enter(progress.Stage);
            _detail = ProgressText.OneLine(progress.Detail);
            if (progress.Usage is { } usage)
                _usage[progress.Stage] = usage;
        }
    }

    public void Show(TaskProgress progress)
    {
        lock (_gate)
        {
            _iteration = progress.Iteration;
            _total = progress.Usage;
            if (progress.Status is TaskState.Failed or TaskState.Cancelled && Stages.Contains(_state))
                _endedIn = _state;
            Enter(progress.Status);
        }
    }

    public void Note(string line)
    {
        lock (_gate)
            _notes.Enqueue(ProgressText.OneLine(line));
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _drawing;
        _ended.Dispose();
    }

    private async Task DrawAsync() =>
        await _console.Live(Text.Empty).Overflow(VerticalOverflow.Crop).StartAsync(async live =>
        {
            while (!_ended.IsCancellationRequested)
            {
                Update(live);
                await Task.Delay(Redraw, _time, _ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            Update(live);
        });

    private void Update(LiveDisplayContext live)
    {
        lock (_gate)
        {
            while (_notes.TryDequeue(out var note))
                _console.WriteLine(note);
            live.UpdateTarget(Picture());
        }
    }

    private void Enter(TaskState state)
    {
        if (state == _state)
            return;
        _spent[_state] = _spent.GetValueOrDefault(_state) + _time.GetElapsedTime(_stageBegan);
        _state = state;
        _stageBegan = _time.GetTimestamp();
        _detail = "";
    }

    private Rows Picture()
    {
        var table = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn(new GridColumn().NoWrap()).AddColumn();
        foreach (var stage in Stages)
        {
            var now = stage == _state;
            var spent = _spent.GetValueOrDefault(stage) + (now ? _time.GetElapsedTime(_stageBegan) : TimeSpan.Zero);
            var reached = now || _spent.ContainsKey(stage);
            table.AddRow(
                new Text($"{Mark(stage, now, reached)} {ProgressText.Of(stage)}", Look(stage, now, reached)),
                new Text(reached ? ProgressText.Of(spent) : ""),
                new Text(now ? _detail : "").Overflow(Overflow.Ellipsis));
        }

        // An activity reports between two stages, the workflow at each; whoever knows more is right.
        var reported = _usage.Values.Aggregate(Usage.Zero, (sum, usage) => sum + usage);
        var total = reported.Turns > _total.Turns ? reported : _total;
        var parts = new[]
        {
            Stages.Contains(_state) ? "" : ProgressText.Of(_state),
            _iteration > 1 ? $"round {_iteration}" : "",
            ProgressText.Of(total),
            ProgressText.Of(_time.GetElapsedTime(_began)),
        };
        return new Rows(new List<IRenderable> { table, new Text("  " + string.Join(" · ", parts.Where(part => part.Length > 0))) });
    }

    private string Mark(TaskState stage, bool now, bool reached) =>
        stage == _endedIn ? "✗" : now && !_ended.IsCancellationRequested ? Spinner[_frame++ % Spinner.Length] : reached ? "✓" : "·";

    private Style Look(TaskState stage, bool now, bool reached) =>
        stage == _endedIn ? new Style(Color.Red)
        : now ? new Style(Color.Aqua, decoration: Decoration.Bold)
        : new Style(reached ? Color.Green : Color.Grey);

    private static int TerminalWidth()
    {
        try
        {
            return Console.WindowWidth;
        }
        catch (IOException)
        {
            return 80;
        }
    }
}
