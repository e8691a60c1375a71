using System.Text.Json.Nodes;
using AiCoder.Core.Agent.TextForm;
using AiCoder.Core.Configuration;
using AiCoder.Core.Models;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tools;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Agent.TextForm;

public sealed class TextCallReaderTests : IDisposable
{
    private const string Fence = "```";
    private readonly TemporaryFolder _folder = new();
    private readonly ToolSet _tools;

    public TextCallReaderTests()
    {
        Directory.CreateDirectory(_folder["tree"]);
        var options = new AiCoderOptions { WorkspaceDir = _folder["w"], StateDir = _folder["s"] };
        var sandbox = SandboxFactory.Create(options with { Sandbox = SandboxKind.None }, new ProcessRunner(TimeProvider.System), SecretRedactor.None);
        LibGit2Sharp.Repository.Init(_folder["git"]);
        _tools = new ToolSet(_folder["tree"], _folder["git", ".git"], new PathScope([], false), sandbox, _folder["home"], false, TimeProvider.System);
    }

    public static TheoryData<string, string, string> Slips => new()
    {
        { "our form", "<call tool=\"read_file\">\n<path>src/a.py</path>\n</call>", """{"path":"src/a.py"}""" },
        { "a fence around it", Fence + "xml\n<call tool=\"read_file\">\n<path>src/a.py</path>\n</call>\n" + Fence, """{"path":"src/a.py"}""" },
        { "no end of the call", "<call tool=\"read_file\">\n<path>src/a.py</path>\n", """{"path":"src/a.py"}""" },
        { "no end of a one-line field", "<call tool=\"read_file\">\n<path>src/a.py", """{"path":"src/a.py"}""" },
        { "name instead of tool", "<call name='read_file'><path>src/a.py</path></call>", """{"path":"src/a.py"}""" },
        { "fields as attributes", "<call tool=\"read_file\" path=\"src/a.py\"/>", """{"path":"src/a.py"}""" },
        { "another tag", "<tool_call name=\"read_file\"><path>src/a.py</path></tool_call>", """{"path":"src/a.py"}""" },
        { "another tag's end", "<call tool=\"read_file\"><path>src/a.py</path></tool_call>", """{"path":"src/a.py"}""" },
        { "the tool's name as tag", "Let me see.\n<read_file>\n<path>src/a.py</path>\n</read_file>", """{"path":"src/a.py"}""" },
        { "words for the one field", "<call tool=\"read_file\">src/a.py</call>", """{"path":"src/a.py"}""" },
        { "invoke and parameters", "<invoke name=\"read_file\"><parameter name=\"path\">src/a.py</parameter></invoke>", """{"path":"src/a.py"}""" },
        { "attributes twice", "<call tool=\"read_file\" tool=\"read_file\"><path>src/a.py</path></call>", """{"path":"src/a.py"}""" },
        { "words after the last field", "<call tool=\"read_file\"><path>src/a.py</path>\nLet me look.\n</call>", """{"path":"src/a.py"}""" },
        { "a fence after the last field", "<call tool=\"read_file\">\n" + Fence + "\n<path>src/a.py</path>\n" + Fence + "\n</call>", """{"path":"src/a.py"}""" },
        { "fields in a wrapper", "<call tool=\"read_file\"><arguments><path>src/a.py</path></arguments></call>", """{"path":"src/a.py"}""" },
        { "JSON in a wrapper", "<call tool=\"read_file\"><arguments>{\"path\": \"src/a.py\"}</arguments></call>", """{"path":"src/a.py"}""" },
        { "JSON for the fields", "<call tool=\"read_file\">{\"path\": \"src/a.py\"}</call>", """{"path":"src/a.py"}""" },
        { "Hermes", "<tool_call>\n{\"name\": \"read_file\", \"arguments\": {\"path\": \"src/a.py\"}}\n</tool_call>", """{"path":"src/a.py"}""" },
        { "Hermes without its end", "<tool_call>\n{\"name\": \"read_file\", \"arguments\": {\"path\": \"src/a.py\"}}", """{"path":"src/a.py"}""" },
        { "Hermes with a bracket too few", "<tool_call>{\"name\": \"read_file\", \"arguments\": {\"path\": \"src/a.py\"}</tool_call>", """{"path":"src/a.py"}""" },
        { "Hermes in Python", "<tool_call>{'name': 'read_file', 'arguments': {'path': 'src/a.py'}}</tool_call>", """{"path":"src/a.py"}""" },
        { "arguments as text", "<tool_call>{\"name\": \"read_file\", \"arguments\": \"{\\\"path\\\": \\\"src/a.py\\\"}\"}</tool_call>", """{"path":"src/a.py"}""" },
        { "no arguments key", "<tool_call>{\"name\": \"read_file\", \"path\": \"src/a.py\"}</tool_call>", """{"path":"src/a.py"}""" },
        { "OpenAI's shape", "<tool_call>{\"type\": \"function\", \"function\": {\"name\": \"read_file\", \"arguments\": {\"path\": \"src/a.py\"}}}</tool_call>", """{"path":"src/a.py"}""" },
        { "Qwen3 Coder", "<tool_call>\n<function=read_file>\n<parameter=path>\nsrc/a.py\n</parameter>\n</function>\n</tool_call>", """{"path":"src/a.py"}""" },
        { "Llama", "<function=read_file>{\"path\": \"src/a.py\"}</function>", """{"path":"src/a.py"}""" },
        { "GLM", "<tool_call>read_file\n<arg_key>path</arg_key>\n<arg_value>src/a.py</arg_value>\n</tool_call>", """{"path":"src/a.py"}""" },
        { "Mistral", "[TOOL_CALLS] [{\"name\": \"read_file\", \"arguments\": {\"path\": \"src/a.py\"}}]", """{"path":"src/a.py"}""" },
        { "JSON alone", "{\"name\": \"read_file\", \"parameters\": {\"path\": \"src/a.py\"}}", """{"path":"src/a.py"}""" },
        { "JSON in a fence", "I read it:\n" + Fence + "json\n{\"tool\": \"read_file\", \"args\": {\"path\": \"src/a.py\"}}\n" + Fence, """{"path":"src/a.py"}""" },
    };

    [Theory]
    [MemberData(nameof(Slips))]
    public void A_call_is_found_in_every_form_that_models_write(string form, string text, string arguments)
    {
        var call = Assert.Single(Read(text).Calls);

        Assert.Equal("read_file", call.Name);
        Assert.True(call.Problem is null && JsonNode.DeepEquals(JsonNode.Parse(arguments), JsonNode.Parse(call.Arguments)), $"{form}: {call.Arguments}");
    }

    [Fact]
    public void Several_calls_are_kept_in_order_and_the_words_around_them_stay_words()
    {
        var answer = Read("First I look.\n\n<call tool=\"read_file\"><path>a</path></call>\nThen\n<call tool=\"run_command\"><command>make test</command></call>\n<call tool=\"finish\"><summary>好了</summary></call>\nBye.");

        Assert.Equal(["read_file", "run_command", "finish"], answer.Calls.Select(call => call.Name));
        Assert.Equal("""{"summary":"好了"}""", answer.Calls[2].Arguments);
        Assert.Equal(["First I look.", "Then", "Bye."], answer.Words!.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(3, answer.Calls.Select(call => call.Id).Distinct().Count());
    }

    [Theory]
    [InlineData("<html>\n<content>nested</content>\n<p a=\"b\">&amp; \\n 'q'</p>\n")]
    [InlineData("if a < b && c > d:\n\tprint(\"</path>\")\n")]
    [InlineData("\n\nblank lines first\n\n")]
    [InlineData("no line break at the end")]
    [InlineData("</think> stays, it is not at the front\n")]
    [InlineData("{\"name\": \"finish\", \"arguments\": {}}\n")]
    [InlineData("<tool_call>{\"name\": \"finish\"}\n")]
    public void A_text_is_raw_between_its_tags_whatever_stands_in_it(string content)
    {
        var call = Assert.Single(Read($"<call tool=\"write_file\">\n<path>x.html</path>\n<content>\n{content}</content>\n</call>").Calls);

        Assert.Equal(content, ToolArguments.Parse(call.Arguments).Required("content"));
    }

    [Theory]
    [InlineData("<old_text>a - b</old_text>\n<new_text>a + b</new_text>", "a - b", "a + b")]
    [InlineData("<old_text>\n    a - b\n</old_text>\n<new_text>\n    a + b\n</new_text>", "    a - b", "    a + b")]
    [InlineData("<old_text>a - b</old_text>\n<new_text>\n  a\n  b\n  </new_text>", "a - b", "  a\n  b")]
    [InlineData("<old_text>\ngone\n</old_text>\n<new_text></new_text>", "gone\n", "")]
    [InlineData("<old_text>\ngone\n</old_text>\n<new_text>\n</new_text>", "gone\n", "")]
    [InlineData("<old_text>\n```python\na\n```\n</old_text>\n<new_text><![CDATA[\nb\n]]></new_text>", "a", "b")]
    public void The_line_breaks_that_set_tags_apart_are_no_part_of_a_quote(string fields, string oldText, string newText)
    {
        var call = Assert.Single(Read($"<call tool=\"edit_file\">\n<path>a.py</path>\n{fields}\n</call>").Calls);
        var arguments = ToolArguments.Parse(call.Arguments);

        Assert.Equal((oldText, newText), (arguments.Required("old_text"), arguments.Required("new_text")));
    }

    [Theory]
    [InlineData("stop", "<call tool=\"write_file\"><path>a</path><content>\nhalf of")]
    [InlineData("stop", "<call tool=\"edit_file\"><path>a</path><old_text>x</call>")]
    [InlineData("stop", "<call tool=\"write_file\"><path>a</path><content>\n<content>x</content>\n<p>and more\n</call>")]
    [InlineData("stop", "<call tool=\"write_file\"><path>a</path><content>\n<content>x</content>\nand more")]
    [InlineData("stop", "<call tool=\"run_command\"><command>cat < file")]
    [InlineData("length", "<call tool=\"read_file\"><path>src/a")]
    [InlineData("length", "<call tool=\"write_file\"><path>a</path><content>x</content>")]
    [InlineData("length", "<tool_call>{\"name\": \"write_file\", \"arguments\": {\"path\": \"a\", \"content\": \"x\"")]
    [InlineData("stop", "<tool_call>{\"name\": \"write_file\", \"arguments\": {\"path\": \"a\", \"content\": \"x")]
    [InlineData("stop", "<call tool=\"write_file\"><path>a</path><content>one</call>\n<call tool=\"write_file\"><path>b</path><content>two</content></call>", 2)]
    public void A_call_without_its_end_is_never_run(string reason, string text, int calls = 1)
    {
        var answer = Read(text, reason);

        Assert.Equal(calls, answer.Calls.Count);
        Assert.NotNull(answer.Calls[0].Problem);
        Assert.Equal(reason == "length", answer.Calls[0].Problem!.Contains("cut off", StringComparison.Ordinal));
        Assert.All(answer.Calls.Skip(1), call => Assert.Null(call.Problem));
    }

    [Fact]
    public void What_follows_a_result_that_the_model_made_up_is_not_read()
    {
        var answer = Read("<call tool=\"run_command\"><command>make</command></call>\n<result 12 tool=\"run_command\">\nExit code 0.\n</result 12>\n<call tool=\"finish\"><summary>done</summary></call>");

        Assert.Equal("run_command", Assert.Single(answer.Calls).Name);
        Assert.Null(answer.Words);
    }

    [Theory]
    [InlineData("I think we should change src/a.py.")]
    [InlineData("Use <call> blocks, or the <tool> tag.")]
    [InlineData("{\"summary\": \"a plan\", \"files\": []}")]
    [InlineData("```json\n{\"name\": \"left-pad\", \"version\": \"1\"}\n```")]
    [InlineData("if (a < b) { return c > d; }")]
    public void Words_are_words(string text)
    {
        var answer = Read(text);

        Assert.Empty(answer.Calls);
        Assert.Equal(text, answer.Words);
    }

    [Fact]
    public void What_is_written_is_read_back_as_it_was()
    {
        var random = new Random(20261124);
        string[] pieces = ["a", " ", "\n", "\t", "<", ">", "</", "<b>", "&", "\"", "'", "\\", "{", "}", "字", "🙂", "content", "\n\n", "  \n", "]]", "if x:\n"];
        for (var round = 0; round < 3_000; round++)
        {
            var arguments = new JsonObject { ["path"] = "src/文件.py" };
            if (round % 2 == 0)
                // Spaces alone on the last line count as the indentation of the closing tag.
                arguments["content"] = Text() + (round % 4 == 0 ? "z" : "z\n");
            else
                (arguments["old_text"], arguments["new_text"]) = ($"x{Text()}x", round % 3 == 0 ? "" : $"{Text()}y");
            var call = new ToolCall("text_1_0", round % 2 == 0 ? "write_file" : "edit_file", arguments.ToJsonString(AiCoderJson.Options));
            var written = TextCallWriter.Write(call);

            var read = Assert.Single(Read(written).Calls);

            Assert.True(call.Arguments == read.Arguments, $"{call.Arguments}\n{read.Arguments}\n{written}");
        }

        string Text() => string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => pieces[random.Next(pieces.Length)]));
    }

    [Fact]
    public void Nonsense_of_tags_is_given_up_soon()
    {
        var nonsense = string.Concat(Enumerable.Repeat("<call tool=\"write_file\"><content>", 5_000)) + new string('<', 50_000) + string.Concat(Enumerable.Repeat("</content>x", 5_000));
        var watch = System.Diagnostics.Stopwatch.StartNew();

        Read(nonsense);

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromMinutes(2));
    }

    public void Dispose()
    {
        _tools.Dispose();
        _folder.Dispose();
    }

    private TextAnswer Read(string text, string reason = "stop") =>
        TextCallReader.Read(new() { Text = text, FinishReason = reason }, _tools.Definitions, "text_1");
}
