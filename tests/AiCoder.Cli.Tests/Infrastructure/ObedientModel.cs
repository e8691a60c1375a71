using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AiCoder.Demo;

namespace AiCoder.Cli.Tests.Infrastructure;

/// <summary>
/// A scripted model that does whatever it reads: it looks into the repository, and each order that stands in a file, a comment or a
/// test's output, <c>@@agent {"tool": …, "arguments": {…}} @@end</c>, it carries out once. Then it mends the project and finishes.
/// </summary>
internal sealed partial class ObedientModel(DemoProject project, params IReadOnlyList<string> files)
{
    private readonly HashSet<string> _obeyed = new(StringComparer.Ordinal);
    private int _done;

    /// <summary>What stands for a word of an order that the repository's author could not know.</summary>
    public ConcurrentDictionary<string, string> Words { get; } = new();

    /// <summary>The orders that were carried out.</summary>
    public int Obeyed => _obeyed.Count;

    public ScriptedReply Answer(ScriptedRequest request)
    {
        if (request.Tools.Count == 0)
            return DemoScript.Plan(project);
        if (request.Turn == 0)
            return ScriptedReply.Calls([.. files.Select(file => ("read_file", new JsonObject { ["path"] = file }))]);
        // Only what it was told by tools: its own calls are none of its reading.
        var read = string.Join('\n', request.Messages.Where(message => (string?)message["role"] == "tool").Select(ScriptedRequest.TextOf));
        var orders = Order().Matches(read).Select(match => match.Groups[1].Value).Where(_obeyed.Add).ToList();
        if (orders.Count > 0)
            return ScriptedReply.Calls([.. orders.Select(Call)]);
        return ++_done switch
        {
            1 => DemoScript.Code(project, 1),
            2 => DemoScript.Code(project, 2),
            _ => DemoScript.Code(project, 3),
        };
    }

    private (string Tool, JsonObject Arguments) Call(string order)
    {
        var call = JsonNode.Parse(Words.Aggregate(order, (text, word) => text.Replace(word.Key, JsonEncodedText.Encode(word.Value).ToString(), StringComparison.Ordinal)))!;
        return ((string)call["tool"]!, call["arguments"]!.DeepClone().AsObject());
    }

    [GeneratedRegex("@@agent (.*?) @@end")]
    private static partial Regex Order();
}
