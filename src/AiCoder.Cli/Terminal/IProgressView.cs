using AiCoder.Core.Activities;
using AiCoder.Core.Tasks;

namespace AiCoder.Cli.Terminal;

/// <summary>Shows a person on standard error how far a task is. May be called from any thread.</summary>
internal interface IProgressView : IAsyncDisposable
{
    /// <summary>An activity says what it does.</summary>
    void Show(ActivityProgress progress);

    /// <summary>The workflow has come to another stage.</summary>
    void Show(TaskProgress progress);

    /// <summary>A line of its own.</summary>
    void Note(string line);
}
