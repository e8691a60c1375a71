using AiCoder.Core.Models;
using AiCoder.Core.Sandbox;

namespace AiCoder.Core.Tools;

/// <summary>The nine tools on one work tree.</summary>
public sealed class ToolSet : IDisposable
{
    // What no model can mend: EIO, ENOSPC, EROFS, EDQUOT (Linux's errno values, the low 16 bits of an IOException's HResult).
    private static readonly int[] Fatal = [5, 28, 30, 122];

    private readonly WorkTreeWalker _walker;
    private readonly Dictionary<string, ITool> _tools;

    /// <param name="root">The work tree, absolute.</param>
    /// <param name="gitFolder">A git directory outside the work tree, for what is ignored; nothing in the tree configures it.</param>
    /// <param name="scope">What may be changed.</param>
    /// <param name="sandbox">Where commands run.</param>
    /// <param name="home">The commands' HOME, absolute, outside the work tree.</param>
    /// <param name="network">Whether commands reach the network.</param>
    /// <param name="time">For bounds.</param>
    /// <param name="image">The container image of commands, where the sandbox runs images; null: its default.</param>
    public ToolSet(string root, string gitFolder, PathScope scope, ISandbox sandbox, string home, bool network, TimeProvider time, string? image = null)
    {
        var paths = new WorkTreePaths(root);
        _walker = new WorkTreeWalker(paths.Root, gitFolder);
        ITool[] tools =
        [
            new ListFilesTool(paths, _walker), new ReadFileTool(paths), new SearchTool(paths, _walker, time),
            new WriteFileTool(paths, scope), new EditFileTool(paths, scope), new DeleteFileTool(paths, scope), new MoveFileTool(paths, scope),
            new RunCommandTool(paths, sandbox, home, network, image), new FinishTool(),
        ];
        _tools = tools.ToDictionary(tool => tool.Definition.Name);
        Definitions = [.. tools.Select(tool => tool.Definition)];
    }

    /// <summary>The tools as the model is told of them, always in the same order.</summary>
    public IReadOnlyList<ToolDefinition> Definitions { get; }

    /// <summary>Does what a call asks. What is wrong with the call is in the answer; failures of the machine are thrown.</summary>
    public async Task<ToolResult> RunAsync(ToolCall call, CancellationToken cancellationToken)
    {
        try
        {
            if (!_tools.TryGetValue(call.Name, out var tool))
                throw new ToolException($"There is no tool '{call.Name}'. The tools are {string.Join(", ", _tools.Keys)}.");
            return await tool.RunAsync(ToolArguments.Parse(call.Arguments), cancellationToken).ConfigureAwait(false);
        }
        catch (ToolException exception)
        {
            return new(exception.Message) { Error = true, RefusedPath = exception.RefusedPath };
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
