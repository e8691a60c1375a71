using System.Text;
using AiCoder.Core.Agent.Qwen;
using AiCoder.Core.Sandbox;

namespace AiCoder.Core.Tests.Agent.Qwen;

public sealed class QwenStreamTests
{
    [Fact]
    public void Events_are_read_whatever_pieces_they_come_in_and_words_between_are_passed_over()
    {
        const string printed =
            """
            Warning: something
            {"type":"system","subtype":"init","tools":[]}
            {"type":"assistant","message":{"content":[{"type":"text","text":"看"},{"type":"tool_use","id":"c1","name":"read_file","input":{"file_path":"a.py"}}]}}
            {"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"c1","is_error":true,"content":"no such file"}]}}
            [1]
            {"type":"assistant","message":"nonsense"}
            {"type":"result","subtype":"success","is_error":false,"num_turns":3,"result":"完成"}

            """;
        foreach (var size in new[] { 1, 7, 100_000 })
        {
            var lines = new List<string>();
            var events = new QwenStream(lines.Add);
            using (var stream = new LineStream(events.Take))
            {
                foreach (var piece in Encoding.UTF8.GetBytes(printed).Chunk(size))
                    stream.Write(piece);
            }

            Assert.Equal(["read_file a.py"], lines);
            Assert.True(events.HasFailed("c1"));
            Assert.False(events.HasFailed("c2"));
            Assert.Equal(new QwenEnd(false, "完成", null), events.End);
        }
    }

    [Theory]
    [InlineData("""{"type":"assistant","message":{"content":[{"type":"tool_use","name":"run_shell_command","input":{"command":"echo \ud800"}}]}}""")]
    [InlineData("""{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"\ud800","is_error":true}]}}""")]
    [InlineData("""{"type":"result","result":"\udc00"}""")]
    [InlineData("""{"type":"\ud800"}""")]
    public void Half_of_a_surrogate_pair_is_passed_over(string line)
    {
        var events = new QwenStream(_ => { });

        events.Take(Encoding.UTF8.GetBytes(line));
        events.Take("""{"type":"result","result":"done"}"""u8.ToArray());

        Assert.Equal("done", events.End?.Text);
    }

    [Fact]
    public void Failed_calls_that_somebody_makes_up_take_no_memory_without_end()
    {
        var events = new QwenStream(_ => { });
        void Fail(string id) => events.Take(Encoding.UTF8.GetBytes("""{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"ID","is_error":true}]}}""".Replace("ID", id, StringComparison.Ordinal)));

        Fail(new string('x', 1_000_000));
        for (var count = 0; count < 20_000; count++)
            Fail($"c{count}");

        Assert.True(events.HasFailed("c0"));
        Assert.False(events.HasFailed(new string('x', 1_000_000)));
        Assert.False(events.HasFailed("c19999"));
    }

    [Fact]
    public void A_line_without_an_end_takes_no_memory_without_one()
    {
        var lines = new List<int>();
        using var stream = new LineStream(line => lines.Add(line.Length), longest: 10);

        for (var count = 0; count < 1_000; count++)
            stream.Write("0123456789"u8);
        stream.Write("\nshort\n0123456789\n"u8);

        Assert.Equal([5, 10], lines);
    }

    [Fact]
    public void Only_code_of_ours_is_shown_to_a_sandbox_and_no_settings_beside_it()
    {
        using var folder = new AiCoder.Testing.TemporaryFolder();
        foreach (var name in new[] { "aicoder", "aicoder.dll", "aicoder.deps.json", "aicoder.runtimeconfig.json", "local.settings.json", "appsettings.json", ".env", "key.pem" })
            File.WriteAllText(folder[name], "");

        var program = OwnProgram.Of([folder["aicoder"]]);

        Assert.Equal(
            ["aicoder", "aicoder.deps.json", "aicoder.dll", "aicoder.runtimeconfig.json"],
            program.Files.Where(file => file.StartsWith(folder.Root, StringComparison.Ordinal)).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Of_a_runtime_s_folder_only_the_runtime_is_shown()
    {
        using var folder = new AiCoder.Testing.TemporaryFolder();
        Directory.CreateDirectory(folder["app"]);

        var program = OwnProgram.Of([folder["dotnet"], folder["app", "aicoder.dll"]], folder["shared", "Microsoft.NETCore.App", "10.0.0"] + "/");

        Assert.Equal(folder.Root, program.RuntimeRoot);
        Assert.Equal([folder["app", "aicoder.dll"], folder["dotnet"], folder["host"], folder["shared"]], program.Files.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Of_the_folder_that_the_agent_was_installed_into_only_the_packages_are_shown()
    {
        using var folder = new AiCoder.Testing.TemporaryFolder();
        using var start = new AiCoder.Testing.TemporaryFolder();
        var installation = new QwenInstallation(folder.Root, folder["node_modules", "cli.js"], folder["node_modules", "node"], "0");

        var command = await QwenCommand.HereAsync(
            new BubblewrapSandbox(new(TimeProvider.System), new() { Path = [], Roots = [] }, new([]), start["files"]),
            installation,
            new([start["aicoder"]], []),
            start.Root,
            new() { Prompt = "", Model = "m", Token = "t", WorkTree = start.Root, Home = start.Root, Image = null, Turns = 1, Time = TimeSpan.FromMinutes(1), Hold = new(TimeProvider.System), Output = Stream.Null },
            TestContext.Current.CancellationToken);

        Assert.Equal([start.Root, folder["node_modules"]], command.ReadOnlyPaths);
    }
}
