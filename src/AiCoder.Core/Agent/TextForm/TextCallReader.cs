using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AiCoder.Core.Models;
using AiCoder.Core.Tools;

namespace AiCoder.Core.Agent.TextForm;

/// <summary>
/// Finds the calls in an answer's text: in our form, and in those that models fall back to (JSON or fields in
/// <c>&lt;tool_call&gt;</c>, <c>&lt;function=…&gt;</c>, a tag with the tool's name, a JSON object alone). Small slips are taken as they
/// are meant; a text that has no end is never run.
/// </summary>
internal sealed partial class TextCallReader
{
    private static readonly string[] Closings = ["call", "tool_call", "tool", "function_call", "function", "invoke"];
    private static readonly HashSet<string> Wrappers = ["arguments", "parameters", "args", "input", "tool_input"];

    private readonly string _text;
    private readonly IReadOnlyList<ToolDefinition> _tools;
    private readonly string _id;
    private readonly bool _stopped;
    private readonly bool _cutOff;
    private readonly List<ToolCall> _calls = [];
    private readonly StringBuilder _words = new();
    private int _at;

    private TextCallReader(ModelAnswer answer, IReadOnlyList<ToolDefinition> tools, string id)
    {
        (_text, _tools, _id) = (answer.Text ?? "", tools, id);
        (_stopped, _cutOff) = (answer.FinishReason == "stop", answer.CutOff);
    }

    /// <summary>The calls of an answer, and what else it says.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="tools">The tools there are.</param>
    /// <param name="id">What the calls' ids begin with.</param>
    public static TextAnswer Read(ModelAnswer answer, IReadOnlyList<ToolDefinition> tools, string id)
    {
        var reader = new TextCallReader(answer, tools, id);
        reader.ReadTagged();
        if (reader._calls.Count == 0)
            reader.ReadBareJson();
        var words = FenceLine().Replace(reader._words.ToString(), "").Trim();
        return new(reader._calls.Count == 0 ? answer.Text : words.Length == 0 ? null : words, reader._calls);
    }

    private void ReadTagged()
    {
        while (Opening().Match(_text, _at) is { Success: true } opening)
        {
            _words.Append(_text, _at, opening.Index - _at);
            // Results are ours to write: the model goes on by itself here, on what it imagines.
            if (opening.Groups["result"].Success)
                return;
            _at = opening.Index + opening.Length;
            if (!ReadCall(opening))
                _words.Append(opening.Value);
        }

        _words.Append(_text, _at, _text.Length - _at);
    }

    private bool ReadCall(Match opening)
    {
        if (opening.Groups["named"] is { Success: true } named)
            return Find(named.Value) is { } tool && (Field().IsMatch(_text, Skip(_at)) || tool.Schema.Required.Count == 1) && ReadFields(opening.Index, named.Value, []);
        if (opening.Groups["function"] is { Success: true } function)
            return ReadBody(opening.Index, function.Value, []);
        if (opening.Groups["mistral"].Success)
            return ReadJson(opening.Index, null);

        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Match attribute in Attribute().Matches(opening.Groups["attributes"].Value))
            attributes[attribute.Groups["key"].Value.ToLowerInvariant()] = attribute.Groups["value"].Value;
        var key = Array.Find(["tool", "name", "function"], attributes.ContainsKey);
        if (key is not null)
        {
            attributes.Remove(key, out var name);
            if (!opening.Groups["attributes"].Value.TrimEnd().EndsWith('/'))
                return ReadBody(opening.Index, name!, attributes);
            Add(name!, attributes);
            return true;
        }

        _at = Skip(_at);
        if (FunctionTag().Match(_text, _at) is { Success: true } inner)
        {
            _at = inner.Index + inner.Length;
            return ReadBody(opening.Index, inner.Groups["name"].Value, []);
        }

        // The GLM family: the name alone on the first line, then keys and values in turn.
        if (PlainName().Match(_text, _at) is { Success: true } plain)
        {
            _at = plain.Index + plain.Length;
            return ReadFields(opening.Index, plain.Groups["name"].Value, []);
        }

        return ReadJson(opening.Index, null);
    }

    private bool ReadBody(int start, string name, Dictionary<string, string> given)
    {
        var body = Skip(_at);
        if (body >= _text.Length || _text[body] != '{')
            return ReadFields(start, name, given);
        _at = body;
        return ReadJson(start, name);
    }

    private bool ReadFields(int start, string name, Dictionary<string, string> fields)
    {
        var tool = Find(name);
        while (true)
        {
            var at = Skip(_at);
            if (Closes(at, name) is { } closed)
            {
                _at = SkipClosings(closed, name);
                Add(name, fields);
                return true;
            }

            if (Between().Match(_text, at) is { Success: true } between)
            {
                _at = between.Index + between.Length;
                continue;
            }

            if (Pair().Match(_text, at) is { Success: true } pair)
            {
                fields[pair.Groups["key"].Value.Trim()] = pair.Groups["value"].Value;
                _at = pair.Index + pair.Length;
                continue;
            }

            if (Field().Match(_text, at) is not { Success: true } field)
                return ReadRest(start, name, fields, at);
            var key = field.Groups["field"].Value;
            _at = field.Index + field.Length;
            if (Wrappers.Contains(key) && tool?.Schema.Names.Contains(key) != true)
            {
                if (Skip(_at) is var inside && inside < _text.Length && _text[inside] == '{')
                    return ReadBody(start, name, fields);
                continue;
            }

            if (FieldEnd(field, tool, name) is { } end)
            {
                fields[key] = _text[_at..end.Value];
                _at = end.After;
                continue;
            }

            // No end. What stands on one line can be nothing else; of a longer text nobody knows.
            var rest = _text[_at..];
            if (!_stopped || FieldValue.IsText(key) || rest.Trim().AsSpan().ContainsAny('\n', '<'))
                return Fail(start, name, $"the field {key} has no </{key}>");
            fields[key] = rest;
            _at = _text.Length;
            Add(name, fields);
            return true;
        }
    }

    /// <summary>No field begins and no call ends here.</summary>
    private bool ReadRest(int start, string name, Dictionary<string, string> fields, int at)
    {
        var closing = NextClosing(at, name);
        if (fields.Count == 0)
        {
            // Words instead of fields, where there is but one that they can be.
            if (closing is not { } end || Find(name) is not { Schema.Required: [var only] } || _text.AsSpan(at, end.At - at).Contains($"<{only}>", StringComparison.Ordinal))
                return Fail(start, name, "its fields could not be read");
            Add(name, new() { [only] = _text[at..end.At] });
            _at = SkipClosings(end.After, name);
            return true;
        }

        // Something is between the last field and the end, or the end was forgotten: all that the call needs is there.
        var stray = closing is { } close && !_text.AsSpan(at, close.At - at).Contains('<');
        if (!stray && (_cutOff || Find(name) is not { } tool || !tool.Schema.Required.All(fields.ContainsKey)))
            return Fail(start, name, "it has no </call>");
        _at = stray ? SkipClosings(closing!.Value.After, name) : at;
        Add(name, fields);
        return true;
    }

    /// <summary>
    /// Where a field's value ends: at the first closing tag of its name after which the call goes on as calls do. A text may have such
    /// a tag of its own, followed by something else.
    /// </summary>
    private (int Value, int After)? FieldEnd(Match field, (ToolDefinition Definition, ToolSchema Schema)? tool, string name)
    {
        var close = $"</{(field.Groups["parameter"].Success ? field.Groups["parameter"].Value : field.Groups["field"].Value)}>";
        var limit = NextCall(_at);
        var found = new List<int>();
        for (var at = _text.IndexOf(close, _at, StringComparison.OrdinalIgnoreCase); at >= 0 && at < limit; at = _text.IndexOf(close, at + 1, StringComparison.OrdinalIgnoreCase))
        {
            found.Add(at);
            var next = Skip(at + close.Length);
            if (next >= _text.Length || Closes(next, name) is not null || WrapperEnd().IsMatch(_text, next) || FollowsField(next, tool))
                return (at, at + close.Length);
        }

        return found.Count == 1 && Strays(found[0] + close.Length, field.Groups["field"].Value, name) ? (found[0], found[0] + close.Length) : null;
    }

    /// <summary>
    /// Whether what follows the only closing tag of a field is nothing of the call: no more than a code fence after a text, which may
    /// have had that tag inside; words after anything else.
    /// </summary>
    private bool Strays(int at, string field, string name)
    {
        var between = _text[at..(NextClosing(at, name)?.At ?? _text.Length)];
        return !between.Contains('<', StringComparison.Ordinal) && (!FieldValue.IsText(field) || FenceLine().Replace(between, "").Trim().Length == 0);
    }

    private bool FollowsField(int at, (ToolDefinition Definition, ToolSchema Schema)? tool) =>
        Field().Match(_text, at) is { Success: true } next && (tool is null || tool.Value.Schema.Names.Contains(next.Groups["field"].Value));

    /// <summary>Where the next call begins right after the end of one: a field that has not ended before has lost its end.</summary>
    private int NextCall(int from) => Boundary().Match(_text, from) is { Success: true } boundary ? boundary.Index : int.MaxValue;

    private bool Fail(int start, string name, string problem)
    {
        // What follows the end of the damaged call is read again.
        var end = NextClosing(_at, name)?.After ?? _text.Length;
        var unfinished = _cutOff && end == _text.Length;
        _at = end;
        _calls.Add(new(NextId(), name, _text[start..end].TrimEnd())
        {
            Problem = unfinished ? Prompt.Render("cut-off.v1") : Prompt.Render("text-problem.v1", ("problem", problem)),
        });
        return true;
    }

    private void Add(string name, Dictionary<string, string> fields)
    {
        var arguments = new JsonObject();
        foreach (var (key, value) in FieldValue.Read(fields))
            arguments[key] = value;
        _calls.Add(new(NextId(), name, arguments.ToJsonString(AiCoderJson.Options)));
    }

    /// <summary>JSON at the position, inside of a tag.</summary>
    /// <param name="start">Where the call began.</param>
    /// <param name="name">The tool that the tag names; null: the JSON does.</param>
    private bool ReadJson(int start, string? name)
    {
        var at = Skip(_at);
        if (at >= _text.Length || _text[at] is not ('{' or '['))
            return false;
        var end = JsonMender.EndOf(_text, at);
        var until = end ?? NextClosing(at, "call")?.At ?? _text.Length;
        var whole = end is not null || until < _text.Length;
        _at = SkipClosings(SkipWrappers(until), "call");
        if (JsonCalls.Read(_text[at..until], name, allowUnclosed: whole || _stopped) is { Count: > 0 } calls)
            _calls.AddRange(calls.Select((call, index) => new ToolCall($"{_id}_{_calls.Count + index}", call.Name, call.Arguments)).ToList());
        else
            _calls.Add(new(NextId(), name ?? "", _text[start.._at].TrimEnd())
            {
                Problem = _cutOff && !whole ? Prompt.Render("cut-off.v1") : Prompt.Render("text-problem.v1", ("problem", "its JSON could not be read")),
            });
        return true;
    }

    /// <summary>An answer that is nothing but JSON, or has it in a code fence; only where it names a tool that there is.</summary>
    private void ReadBareJson()
    {
        var text = _text.Trim();
        var candidates = text.StartsWith('{') || text.StartsWith('[')
            ? [text]
            : Fenced().Matches(_text).Select(fence => fence.Groups["json"].Value.Trim()).ToList();
        foreach (var candidate in candidates)
        {
            foreach (var call in JsonCalls.Read(candidate, null, allowUnclosed: !_cutOff) ?? [])
            {
                if (Find(call.Name) is not null)
                    _calls.Add(new(NextId(), call.Name, call.Arguments));
            }
        }

        if (_calls.Count > 0)
        {
            _words.Clear();
            if (candidates[0] != text)
                _words.Append(Fenced().Replace(_text, ""));
        }
    }

    private int SkipWrappers(int at) => WrapperEnd().Match(_text, Skip(at)) is { Success: true } wrapper ? wrapper.Index + wrapper.Length : at;

    private string NextId() => $"{_id}_{_calls.Count}";

    private (ToolDefinition Definition, ToolSchema Schema)? Find(string name) =>
        _tools.FirstOrDefault(tool => tool.Name == name) is { } tool ? (tool, ToolSchema.Of(tool)) : null;

    private int Skip(int at)
    {
        while (at < _text.Length && char.IsWhiteSpace(_text[at]))
            at++;
        return at;
    }

    private int SkipClosings(int at, string name)
    {
        while (Closes(Skip(at), name) is { } after)
            at = after;
        return at;
    }

    /// <summary>Where the closing tag of a call ends that stands at the position; null: there is none.</summary>
    private int? Closes(int at, string name)
    {
        if (string.CompareOrdinal(_text, at, "</", 0, 2) != 0)
            return null;
        var end = _text.IndexOf('>', at);
        if (end < 0)
            return null;
        var tag = _text[(at + 2)..end].Trim();
        return tag == name || Array.Exists(Closings, closing => tag.Equals(closing, StringComparison.OrdinalIgnoreCase)) ? end + 1 : null;
    }

    private (int At, int After)? NextClosing(int from, string name)
    {
        for (var at = _text.IndexOf("</", from, StringComparison.Ordinal); at >= 0; at = _text.IndexOf("</", at + 2, StringComparison.Ordinal))
        {
            if (Closes(at, name) is { } after)
                return (at, after);
        }

        return null;
    }

    [GeneratedRegex(@"<(?:call|tool_call|tool|function_call|invoke)\b(?<attributes>[^<>]*)>|<function=(?<function>[\w.\-]+)\s*>|^[ \t]*<(?<named>list_files|read_file|search|write_file|edit_file|delete_file|move_file|run_command|finish)>|(?<mistral>\[TOOL_CALLS\])|(?<result>^[ \t]*<result\b)", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex Opening();

    [GeneratedRegex("""(?<key>\w+)\s*=\s*(?:"(?<value>[^"]*)"|'(?<value>[^']*)')""")]
    private static partial Regex Attribute();

    [GeneratedRegex("""\G<(?:(?<parameter>parameter|param|arg|argument|field)(?:=|\s+name\s*=\s*)["']?(?<field>\w+)["']?|(?<field>[A-Za-z_]\w*))\s*>""")]
    private static partial Regex Field();

    [GeneratedRegex(@"\G<arg_key>(?<key>[^<]*)</arg_key>\s*<arg_value>(?<value>.*?)</arg_value>", RegexOptions.Singleline)]
    private static partial Regex Pair();

    [GeneratedRegex(@"\G</(?:arguments|parameters|args|input|tool_input)\s*>")]
    private static partial Regex WrapperEnd();

    [GeneratedRegex(@"\G(?:</(?:arguments|parameters|args|input|tool_input)\s*>|```\w*[ \t]*(?=\r?\n|<|$))")]
    private static partial Regex Between();

    [GeneratedRegex(@"\G<function=(?<name>[\w.\-]+)\s*>", RegexOptions.IgnoreCase)]
    private static partial Regex FunctionTag();

    [GeneratedRegex(@"\G(?<name>[A-Za-z_][\w.\-]*)\s*(?=<)")]
    private static partial Regex PlainName();

    [GeneratedRegex(@"</(?:call|tool_call)\s*>\s*<(?:call|tool_call)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Boundary();

    [GeneratedRegex(@"^[ \t]*```[\w]*[ \t]*\r?$", RegexOptions.Multiline)]
    private static partial Regex FenceLine();

    [GeneratedRegex(@"```[\w]*\s*(?<json>[{\[].*?)\s*```", RegexOptions.Singleline)]
    private static partial Regex Fenced();
}
