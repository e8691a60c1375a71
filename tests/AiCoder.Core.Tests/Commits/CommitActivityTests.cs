using System.Text.Json.Nodes;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Demo;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Commits;

public sealed class CommitActivityTests
{
    [Fact]
    public async Task The_change_arrives_on_the_work_branch_with_a_message_that_says_what_and_how()
    {
        await using var task = await CommitFixture.StartAsync();
        await task.WriteAsync("src/登录.py", "def login(): ...\n");
        await task.WriteAsync("src/app.py", "print('你好')\n");

        var output = await task.CommitAsync();

        Assert.Equal(output.CommitHash, await task.RemoteAsync("rev-parse", "ai/task-1"));
        Assert.Equal(task.Source.BaseCommit, await task.RemoteAsync("rev-parse", "ai/task-1^"));
        Assert.Equal(task.Source.BaseCommit, await task.RemoteAsync("rev-parse", "main"));
        Assert.Equal(["modified: src/app.py", "created: src/登录.py"], output.Changes.OrderByDescending(change => change));
        Assert.Equal((true, "ai/task-1", output.CommitHash), (output.Push.Pushed, output.Push.Branch, output.Push.Commit));
        Assert.Null(output.PullRequest);
        Assert.Equal(["Changed besides the plan: src/app.py."], output.Notes);

        var message = (await task.RemoteAsync("log", "-1", "--format=%B", "ai/task-1")).TrimEnd();
        Assert.Equal(
            """
            AI: 添加用户登录功能

            加了登录。

            Changes:
            - modified: src/app.py
            - created: src/登录.py

            Validation: passed: pytest -q (1.3 s).

            Notes:
            - 一条备注

            AiCoder-Task: task-1
            AiCoder-Model: qwen-coder
            """,
            message);
        Assert.Equal(
            "ai-coder-bot <ai-coder@example.com> 2026-03-04T05:06:07+00:00 ai-coder-bot",
            await task.RemoteAsync("log", "-1", "--format=%an <%ae> %aI %cn", "ai/task-1"));
        Assert.Equal("task-1", await task.RemoteAsync("log", "-1", "--format=%(trailers:key=AiCoder-Task,valueonly,separator=)", "ai/task-1"));
    }

    [Fact]
    public async Task Run_twice_it_pushes_once_also_from_another_process()
    {
        await using var task = await CommitFixture.StartAsync();
        await task.WriteAsync("src/登录.py", "x = 1\n");
        var first = await task.CommitAsync();
        var second = await task.CommitAsync();
        var other = await task.CommitAsync(newProcess: true);

        Assert.Equal(first.CommitHash, second.CommitHash);
        Assert.Equal(first.CommitHash, other.CommitHash);
        Assert.True(other.Push.Pushed);
        Assert.Equal(1, task.Pushes);
    }

    [Fact]
    public async Task A_secret_refuses_the_commit_and_is_not_repeated()
    {
        await using var task = await CommitFixture.StartAsync();
        await task.WriteAsync("src/配置.py", $"# 配置\n\nTOKEN = '{CommitFixture.NewSecret}'\n");
        var failure = await task.FailureAsync();
        Assert.Equal(FailureCodes.ContentRefused, failure.Code);
        Assert.Contains("src/配置.py:3 ", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(CommitFixture.NewSecret[4..], failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, task.Pushes);
    }

    [Theory]
    [InlineData("$'src/\\xff.py'")]
    [InlineData("$'\\xc5\\xe4\\xd6\\xc3/\\xc3\\xdc.py'")]
    [InlineData("$'src/a\\\\b.py'")]
    public async Task A_secret_does_not_hide_behind_a_name_that_is_no_utf8(string name)
    {
        await using var task = await CommitFixture.StartAsync();
        await task.ShellAsync($"mkdir -p \"$(dirname {name})\" && echo 'x = 1' > {name}");
        Assert.True((await task.CommitAsync()).Push.Pushed);
        // Two names that read alike when they are decoded.
        await task.ShellAsync($"echo \"TOKEN = '{CommitFixture.NewSecret}'\" > {name}; echo 'x = 1' > $'src/\\xfe.py'; echo 'x = 1' > $'src/\\xef\\xbf\\xbd.py'");

        Assert.Equal(FailureCodes.ContentRefused, (await task.FailureAsync()).Code);
        Assert.Equal(1, task.Pushes);
        await task.ShellAsync("rm -rf ./*");
    }

    [Fact]
    public async Task The_requests_and_the_services_own_secrets_refuse_the_commit()
    {
        await using var task = await CommitFixture.StartAsync(options => options with { ApiKey = "local-api-key-42" });
        task.Secrets = new() { Password = "correct horse" };
        await task.WriteAsync("a.txt", "1\npassword: correct horse\n");
        await task.WriteAsync("b.txt", "\n\nlocal-api-key-42");
        var failure = await task.FailureAsync();
        Assert.Contains("a.txt:2 holds the request's credentials.password.", failure.Message, StringComparison.Ordinal);
        Assert.Contains("b.txt:3 holds a secret of this service.", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("horse", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("local-api-key", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_that_was_in_the_repository_before_refuses_nobody()
    {
        await using var task = await CommitFixture.StartAsync();
        await task.WriteAsync("config/keys.env", $"# moved\nKEY={CommitFixture.OldSecret}\nOTHER=1\n");
        await task.WriteAsync("src/登录.py", $"KEY = '{CommitFixture.OldSecret}'\n");
        Assert.True((await task.CommitAsync()).Push.Pushed);
    }

    [Fact]
    public async Task A_file_over_ten_megabytes_is_refused()
    {
        await using var task = await CommitFixture.StartAsync();
        await task.WriteAsync("数据.csv", new string('1', 11 * 1024 * 1024));
        var failure = await task.FailureAsync();
        Assert.Equal(FailureCodes.ContentRefused, failure.Code);
        Assert.Contains("数据.csv has 11.0 MB", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Build_output_and_scratch_files_are_left_out_and_named()
    {
        await using var task = await CommitFixture.StartAsync();
        task.Plan = new() { Files = ["src/登录.py", "./tmp_planned.py"] };
        foreach (var path in new[]
                 {
                     "src/登录.py", "tmp_planned.py", "node_modules/a/index.js", "node_modules/b.js", "src/__pycache__/x.cpython-312.pyc", "src/app.py.orig", "nohup.out",
                     "debug_login.py", "tests/fixtures/sample.log", "vendored/node_modules/new.js",
                 })
            await task.WriteAsync(path, $"# {path}\n");
        await task.WriteAsync("login", "\u007fELF\u0002\u0001\u0001 program");

        var output = await task.CommitAsync();

        Assert.Equal(
            ["created: src/登录.py", "created: tests/fixtures/sample.log", "created: tmp_planned.py", "created: vendored/node_modules/new.js"],
            output.Changes.Order(StringComparer.Ordinal));
        Assert.Contains(
            "Left out of the commit as build output or scratch: debug_login.py, login, node_modules/ (2 files), nohup.out, src/app.py.orig.",
            output.Notes);
        Assert.Equal("", await task.RemoteAsync("ls-tree", "-r", "--name-only", "ai/task-1", "node_modules", "nohup.out", "login"));
    }

    [Fact]
    public async Task Nothing_to_commit_is_said_and_nothing_is_pushed()
    {
        await using var task = await CommitFixture.StartAsync();
        Assert.Equal(FailureCodes.NoChanges, (await task.FailureAsync()).Code);
        await task.WriteAsync("nohup.out", "x");
        var failure = await task.FailureAsync();
        Assert.Equal(FailureCodes.NoChanges, failure.Code);
        Assert.Contains("nohup.out", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, task.Pushes);
    }

    [Fact]
    public async Task A_rename_and_a_deletion_are_said_as_such()
    {
        await using var task = await CommitFixture.StartAsync();
        await task.WriteAsync("src/新.py", string.Concat(Enumerable.Range(0, 20).Select(line => $"line {line}\n")));
        await task.DeleteAsync("src/old.py");
        await task.DeleteAsync("README.md");
        Assert.Equal(["deleted: README.md", "renamed: src/old.py -> src/新.py"], (await task.CommitAsync()).Changes.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Continuous_integration_is_changed_only_where_the_request_allows_it()
    {
        await using var task = await CommitFixture.StartAsync();
        await task.WriteAsync(".github/workflows/ci.yml", "on: [push, pull_request]\n");
        Assert.Equal(FailureCodes.ContentRefused, (await task.FailureAsync()).Code);
        task.Change(spec => spec with { AllowCiChanges = true });
        Assert.True((await task.CommitAsync()).Push.Pushed);
    }

    [Theory]
    [InlineData("echo x > docs.md", "docs.md")]
    [InlineData("rm README.md", "README.md")]
    [InlineData("mv README.md src/README.md", "README.md")]
    [InlineData("mv src/old.py old.py", "old.py")]
    [InlineData("rm -r config && ln -s src config", "config")]
    [InlineData("chmod +x README.md", "README.md")]
    [InlineData("mkdir SRC && echo x > SRC/a.py", "SRC/a.py")]
    [InlineData("echo x > \"$(printf 'bad\\377')\"", "bad")]
    public async Task What_lies_outside_of_the_tasks_paths_refuses_the_commit(string command, string path)
    {
        await using var task = await CommitFixture.StartAsync();
        task.Change(spec => spec with { Paths = ["src"] });
        await task.WriteAsync("src/登录.py", "x\n");
        await task.ShellAsync(command);

        var failure = await task.FailureAsync();

        Assert.Equal(FailureCodes.ContentRefused, failure.Code);
        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, task.Pushes);
        await task.ShellAsync("rm -rf ./*");
    }

    [Fact]
    public async Task What_instructs_agents_is_committed_only_where_the_request_names_it()
    {
        await using var task = await CommitFixture.StartAsync();
        await task.WriteAsync("AGENTS.md", "Run the tests with pytest.\n");
        Assert.Equal(FailureCodes.ContentRefused, (await task.FailureAsync()).Code);
        task.Change(spec => spec with { Intent = "写一份 AGENTS.md" });
        Assert.True((await task.CommitAsync()).Push.Pushed);
    }

    [Theory]
    [InlineData("main")]
    [InlineData("Master")]
    [InlineData("develop")]
    [InlineData("release/1.2")]
    public async Task A_work_branch_that_people_build_on_is_refused(string branch)
    {
        await using var task = await CommitFixture.StartAsync();
        task.Change(spec => spec with { WorkBranch = branch });
        await task.WriteAsync("src/登录.py", "x\n");
        Assert.Equal(FailureCodes.PushRejected, (await task.FailureAsync()).Code);
        Assert.Equal(0, task.Pushes);
    }

    [Fact]
    public async Task The_base_branch_is_never_pushed_to()
    {
        await using var task = await CommitFixture.StartAsync();
        task.ChangeSource(source => source with { BaseBranch = "feature/x" });
        task.Change(spec => spec with { WorkBranch = "feature/x" });
        await task.WriteAsync("src/登录.py", "x\n");
        Assert.Equal(FailureCodes.PushRejected, (await task.FailureAsync()).Code);
    }

    [Fact]
    public async Task Somebody_elses_branch_is_not_overwritten_but_an_earlier_run_of_the_task_is()
    {
        await using var task = await CommitFixture.StartAsync(
            prepare: async repository =>
            {
                await new GitRepositoryBuilder { Branch = "feature/login" }.With("theirs", "1").CommitAsync(repository, "theirs");
                await new GitRepositoryBuilder { Branch = "ai/task-1" }.With("earlier", "1").CommitAsync(repository, "earlier run");
            });
        await task.WriteAsync("src/登录.py", "x\n");
        var theirs = await task.RemoteAsync("rev-parse", "feature/login");
        task.Change(spec => spec with { WorkBranch = "feature/login" });
        task.ChangeSource(source => source with { RemoteWorkCommit = theirs });
        Assert.Equal(FailureCodes.PushConflict, (await task.FailureAsync()).Code);
        Assert.Equal("theirs", await task.RemoteAsync("log", "-1", "--format=%s", "feature/login"));

        var earlier = await task.RemoteAsync("rev-parse", "ai/task-1");
        task.Change(spec => spec with { WorkBranch = "ai/task-1" });
        task.ChangeSource(source => source with { RemoteWorkCommit = earlier });
        Assert.Equal((await task.CommitAsync()).CommitHash, await task.RemoteAsync("rev-parse", "ai/task-1"));
    }

    [Fact]
    public async Task A_pull_request_is_opened_once()
    {
        var api = new PullRequestApi();
        await using var task = await CommitFixture.StartAsync(
            options => options with { GitHubHosts = ["127.0.0.1"], GitHubToken = "token-of-github" }, spec => spec with { PullRequest = new() }, api.Answer);
        await task.WriteAsync("src/登录.py", "x\n");
        var first = (await task.CommitAsync()).PullRequest!;
        var second = (await task.CommitAsync(newProcess: true)).PullRequest!;

        Assert.Equal(("http://forge/pull/3", 3L, false, (Failure?)null), (first.Url, first.Number, first.Existing, first.Error));
        Assert.True(second.Existing);
        Assert.Equal(1, api.Created);
        Assert.Equal(1, task.Pushes);
    }

    [Theory]
    [InlineData(401, FailureCodes.InvalidToken)]
    [InlineData(404, FailureCodes.RepositoryNotFound)]
    public async Task A_pull_request_that_cannot_be_opened_does_not_undo_the_push(int status, string code)
    {
        await using var task = await CommitFixture.StartAsync(
            options => options with { GitHubHosts = ["127.0.0.1"], GitHubToken = "token-of-github" },
            spec => spec with { PullRequest = new() },
            request => request.Path.StartsWith("/api/", StringComparison.Ordinal) ? new(status) : null);
        await task.WriteAsync("src/登录.py", "x\n");
        var output = await task.CommitAsync();
        Assert.True(output.Push.Pushed);
        Assert.Equal(code, output.PullRequest!.Error!.Code);
        Assert.Equal(output.CommitHash, await task.RemoteAsync("rev-parse", "ai/task-1"));
    }

    [Fact]
    public async Task An_unknown_forge_is_said_and_the_push_stands()
    {
        await using var task = await CommitFixture.StartAsync(spec: spec => spec with { PullRequest = new() });
        await task.WriteAsync("src/登录.py", "x\n");
        var output = await task.CommitAsync();
        Assert.True(output.Push.Pushed);
        Assert.Equal(FailureCodes.Configuration, output.PullRequest!.Error!.Code);
    }

    [Fact]
    public async Task A_failed_validation_opens_a_draft_without_being_asked()
    {
        var api = new PullRequestApi();
        await using var task = await CommitFixture.StartAsync(
            options => options with { GitHubHosts = ["127.0.0.1"], GitHubToken = "token-of-github" }, api: api.Answer);
        task.Draft = true;
        task.Results = new() { Verdict = Verdict.Failed, Reason = "1 test fails." };
        await task.WriteAsync("src/登录.py", "x\n");
        Assert.True((await task.CommitAsync()).PullRequest!.Draft);
        Assert.Contains("Validation: FAILED. 1 test fails.", await task.RemoteAsync("log", "-1", "--format=%B", "ai/task-1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_in_the_intent_reaches_no_message()
    {
        await using var task = await CommitFixture.StartAsync(spec: spec => spec with { Intent = $"用 {CommitFixture.NewSecret} 登录，密码 swordfish-1" });
        task.Secrets = new() { Password = "swordfish-1" };
        await task.WriteAsync("src/登录.py", "x\n");
        await task.CommitAsync();
        var message = await task.RemoteAsync("log", "-1", "--format=%B", "ai/task-1");
        Assert.StartsWith("AI: 用 [redacted]", message, StringComparison.Ordinal);
        Assert.DoesNotContain("swordfish", message, StringComparison.Ordinal);
        Assert.DoesNotContain(CommitFixture.NewSecret[4..12], message, StringComparison.Ordinal);
    }

    /// <summary>GitHub's API beside the repository it is about.</summary>
    private sealed class PullRequestApi
    {
        public int Created { get; private set; }

        public GitServerAnswer? Answer(GitServerRequest request)
        {
            if (request.Path != "/api/v3/repos/组/app/pulls")
                return null;
            if (request.Authorization != "Bearer token-of-github")
                return new(401);
            var one = new JsonObject
            {
                ["number"] = 3, ["html_url"] = "http://forge/pull/3", ["draft"] = true,
                ["head"] = new JsonObject { ["ref"] = "ai/task-1" }, ["base"] = new JsonObject { ["ref"] = "main" },
            };
            if (request.Method == "GET")
                return new(200) { Body = Created == 0 ? "[]" : $"[{one.ToJsonString()}]" };
            Created++;
            return new(201) { Body = one.ToJsonString() };
        }
    }
}
