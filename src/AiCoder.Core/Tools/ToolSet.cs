using AiCoder.Core.Models;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Validation;

namespace AiCoder.Core.Tools;

/// <summary>The nine tools on one work tree.</summary>
public sealed class ToolSet : IDisposable
{
    // What no model can mend: EIO, ENOSPC, EROFS, EDQUOT (Linux's errno values, the low 16 bits of an IOException's HResult).
    private static readonly int[] Fatal = [5, 28, 30, 122];

    // The tools have bounds of their own; this one holds whatever name or argument an answer quotes.
    private const int MaxCharacters = 32_000;

    private readonly WorkTreeWalker _walker;
    private readonly Dictionary<string, ITool> _tools;

    /// <param name="root">The work tree, absolute.</param>
    /// <param name="gitFolder">A git directory outside the work tree, for what is ignored; nothing in the tree configures it.</param>
    /// <param name="scope">What may be changed.</param>
    /// <param name="sandbox">Where commands and parsers run.</param>
    /// <param name="home">The commands' HOME, absolute, outside the work tree.</param>
    /// <param name="network">Whether commands reach the network.</param>
    /// <param name="time">For bounds.</param>
    /// <param name="image">The container image of commands, where the sandbox runs images; null: its default.</param>
    public ToolSet(string root, string gitFolder, PathScope scope, ISandbox sandbox, string home, bool network, TimeProvider time, string? image = null)
    {
        var paths = new WorkTreePaths(root);
        _walker = new WorkTreeWalker(paths.Root, gitFolder);
        var place = new CommandPlace(paths.Root, home, network, image);
        var writer = new GuardedWriter(new SyntaxGate(sandbox, place));
        ITool[] tools =
        [
            new ListFilesTool(paths, _walker, time), new ReadFileTool(paths), new SearchTool(paths, _walker, time),
            new WriteFileTool(paths, scope, writer), new EditFileTool(paths, scope, writer), new DeleteFileTool(paths, scope), new MoveFileTool(paths, scope),
            new RunCommandTool(sandbox, place), new FinishTool(),
        ];
        _tools = tools.ToDictionary(tool => tool.Definition.Name);
        Definitions = [.. tools.Select(tool => tool.Definition)];
    }

    /// <summary>The tools as the model is told of them, always in the same order.</summary>
    public IReadOnlyList<ToolDefinition> Definitions { get; }

    /// <summary>The tool that a call means; its own name where there is no such tool.</summary>
    public string NameOf(ToolCall call) => ToolNames.Resolve(call, Definitions);

    /// <summary>Does what a call asks. What is wrong with the call is in the answer; failures of the machine are thrown.</summary>
    public async Task<ToolResult> RunAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var result = await AnswerAsync(call, cancellationToken).ConfigureAwait(false);
        return result with { Text = BoundedOutput.Cut(result.Text, MaxCharacters) };
    }

    private async Task<ToolResult> AnswerAsync(ToolCall call, CancellationToken cancellationToken)
    {
        try
        {
            var name = NameOf(call);
            if (!_tools.TryGetValue(name, out var tool))
                throw new ToolException(ToolNames.Advice(name, Definitions));
            var result = await tool.RunAsync(ToolArguments.Parse(call.Arguments), cancellationToken).ConfigureAwait(false);
            return name == call.Name ? result : result with { Text = $"{result.Text}\n(The tool is called {name} here.)" };
        }
        catch (ToolException exception)
        {
            return new(exception.Message) { Error = true, RefusedPath = exception.RefusedPath, ForbiddenPath = exception.ForbiddenPath };
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException || (exception is IOException io && !Fatal.Contains(io.HResult & 0xFFFF)))
        {
            // The model can take another path.
            return new($"That was not possible: {exception.Message}") { Error = true };
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _walker.Dispose();
}
