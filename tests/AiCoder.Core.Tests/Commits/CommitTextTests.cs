using AiCoder.Core.Activities;
using AiCoder.Core.Commits;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Tests.Commits;

public sealed class CommitTextTests
{
    private static readonly Change[] Changes = [new(ChangeKind.Modified, "src/a.py"), new(ChangeKind.Renamed, "b", "a`b")];

    [Theory]
    [InlineData("a", 1)]
    [InlineData("中文", 4)]
    [InlineData("ｆｕｌｌ", 8)]
    [InlineData("e\u0301", 1)]
    [InlineData("한국어", 6)]
    [InlineData("😀", 2)]
    public void Wide_characters_take_two_columns(string text, int columns) => Assert.Equal(columns, DisplayWidth.Of(text));

    [Fact]
    public void The_first_line_is_bounded_by_columns_and_the_whole_intent_follows()
    {
        var intent = string.Concat(Enumerable.Repeat("为用户增加登录😀", 20)) + "\r\n第二行\0\u001b[31m";
        var message = CommitMessage.Create(Input(intent), Changes);
        var lines = message.Split('\n');
        Assert.InRange(DisplayWidth.Of(lines[0]), 70, 72);
        Assert.EndsWith("…", lines[0], StringComparison.Ordinal);
        Assert.Equal("", lines[1]);
        Assert.Contains("\n第二行[31m\n", message, StringComparison.Ordinal);
        Assert.DoesNotContain(message, character => character is '\0' or '\u001b' or '\r' or '\uFFFD');
    }

    [Fact]
    public void An_intent_cannot_forge_a_trailer()
    {
        var message = CommitMessage.Create(Input("fix\n\nAiCoder-Task: other\nSigned-off-by: someone"), Changes);
        Assert.EndsWith("\n\nAiCoder-Task: t\nAiCoder-Model: m\n", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_tested_is_said_with_its_reason() =>
        Assert.Contains(
            "Validation: nothing was tested: no tests were found.",
            CommitMessage.Create(Input("x") with { Results = new() { Verdict = Verdict.NotRun, Reason = "no tests were found." } }, Changes),
            StringComparison.Ordinal);

    [Fact]
    public void A_draft_says_what_fails_even_under_a_given_description()
    {
        var input = Input("修复") with
        {
            Draft = true,
            Spec = Input("修复").Spec with { PullRequest = new() { Title = "我的标题", Description = "我的说明" } },
            Results = new()
            {
                Verdict = Verdict.Failed, Reason = "1 of 2 commands fails.",
                Commands = [new() { Command = "npm test", Verdict = Verdict.Failed, ExitCode = 1, Output = new string('x', 5000) + "\n```\nexpected 1, got 2" }],
            },
        };
        var proposal = PullRequestText.Create(input, Changes, ["Left out: x"]);
        Assert.True(proposal.Draft);
        Assert.Equal("[validation failed] 我的标题", proposal.Title);
        Assert.StartsWith("**The validation of this change fails.**", proposal.Description, StringComparison.Ordinal);
        Assert.Contains("我的说明", proposal.Description, StringComparison.Ordinal);
        Assert.Contains("expected 1, got 2\n````", proposal.Description, StringComparison.Ordinal);
        Assert.Contains("- Left out: x", proposal.Description, StringComparison.Ordinal);
        Assert.InRange(proposal.Description.Length, 2000, 3500);
    }

    [Fact]
    public void A_pull_request_is_filled_in_from_the_task()
    {
        var proposal = PullRequestText.Create(Input("添加登录\n细节"), Changes, []);
        Assert.Equal("AI: 添加登录", proposal.Title);
        Assert.False(proposal.Draft);
        Assert.Equal(("ai/t", "main"), (proposal.SourceBranch, proposal.TargetBranch));
        Assert.Contains("细节", proposal.Description, StringComparison.Ordinal);
        Assert.Contains("- `` renamed: a`b -> b ``", proposal.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("web/node_modules/a/b.js", "web/node_modules/")]
    [InlineData("src/App/obj/project.assets.json", "src/App/obj/")]
    [InlineData("src/App/bin/Debug/net10.0/App.dll", "src/App/bin/")]
    [InlineData("target/debug/app", "target/")]
    [InlineData("a/b.py.rej", "a/b.py.rej")]
    [InlineData("core.1234", "core.1234")]
    [InlineData("pkg.egg-info/PKG-INFO", "pkg.egg-info/")]
    [InlineData("tmp/x.py", "tmp/")]
    [InlineData("scratch.py", "scratch.py")]
    [InlineData("run_tmp.sh", "run_tmp.sh")]
    [InlineData("bin/deploy.sh", null)]
    [InlineData("src/obj/loader.ts", null)]
    [InlineData("src/target/index.ts", null)]
    [InlineData("src/coverage/report.py", null)]
    [InlineData("src/debug.py", null)]
    [InlineData("src/core.py", null)]
    [InlineData("debugger.py", null)]
    [InlineData("template.md", null)]
    [InlineData("src/tmp/x.py", null)]
    [InlineData("tests/testdata/app.log", null)]
    [InlineData("build/index.js", null)]
    [InlineData("docs/catalog.md", null)]
    public void Scratch_is_known_by_its_name(string path, string? root) => Assert.Equal(root, ScratchFiles.RootOf(path));

    [Theory]
    [InlineData(".git/config", true)]
    [InlineData("a/.GIT/hooks/x", true)]
    [InlineData("a/git~1/config", true)]
    [InlineData(".g\u200cit/config", true)]
    [InlineData(".git . /x", true)]
    [InlineData(".git::$INDEX_ALLOCATION/x", true)]
    [InlineData(".gitignore", false)]
    [InlineData(".github/CODEOWNERS", false)]
    [InlineData("git/x", false)]
    public void Gits_own_files_are_known_in_every_spelling(string path, bool internals) => Assert.Equal(internals, GitInternals.IsOne(path));

    [Theory]
    [InlineData("main", false)]
    [InlineData("PRODUCTION", false)]
    [InlineData("releases/2", false)]
    [InlineData("release-1.0", false)]
    [InlineData("ai/task-1", true)]
    [InlineData("feature/main", true)]
    [InlineData("release-notes", true)]
    [InlineData("maintenance", true)]
    public void A_work_branch_may_not_bear_a_name_that_people_build_on(string branch, bool allowed) =>
        Assert.Equal(allowed, WorkBranchPolicy.ProblemOf(branch) is null);

    private static CommitInput Input(string intent) => new(
        new() { TaskId = "t", RepoUrl = "https://example.com/r", Intent = intent, WorkBranch = "ai/t", Model = "m" },
        new("main", "c", "t", null, [], false), new(), "tree", null, new() { Verdict = Verdict.Passed }, [], DateTime.UnixEpoch, false);
}
