using System.Text.Json;
using AiCoder.Core.Configuration;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Tests.Tasks;

public sealed class TaskAcceptanceTests
{
    private static readonly AiCoderOptions Options = new()
    {
        WorkspaceDir = "/w",
        StateDir = "/w/.state",
        ApiKey = "operator-key",
        CallerIsOperator = true,
        SandboxNetwork = ValidationNetwork.Prepare,
    };

    [Fact]
    public void The_specifications_own_request_is_taken()
    {
        var accepted = Accept("""
            {
              "task_id": "task_001",
              "repo_url": "https://gitlab.com/xxx/project.git",
              "intent": "添加登录功能",
              "webhook_url": "https://hook.example.com",
              "gitlab_api_token": "glpat-xxxxxxxx"
            }
            """);

        Assert.Equal(("task_001", "添加登录功能", "ai/task_001", "qwen-coder"), (accepted.Spec.TaskId, accepted.Spec.Intent, accepted.Spec.WorkBranch, accepted.Spec.Model));
        Assert.Equal("glpat-xxxxxxxx", accepted.Secrets.GitlabApiToken);
    }

    [Fact]
    public void A_secret_that_is_quoted_in_the_words_of_the_request_does_not_stay_there()
    {
        var spec = Accept("""
            {
              "repo_url": "https://gitlab.example.com/g/p.git", "gitlab_api_token": "glpat-SECRET42", "intent": "用 glpat-SECRET42 和 operator-key 登录",
              "pull_request": {"title": "with glpat-SECRET42", "description": "glpat-SECRET42"}, "metadata": {"note": "glpat-SECRET42 \u0022x\u0022"}
            }
            """).Spec;

        Assert.DoesNotContain("SECRET42", JsonSerializer.Serialize(spec, AiCoderJson.Options), StringComparison.Ordinal);
        Assert.Equal("用 [redacted] 和 [redacted] 登录", spec.Intent);
        Assert.Equal("[redacted] \"x\"", (string?)spec.Metadata!["note"]);
    }

    [Fact]
    public void The_spec_holds_no_secret_wherever_the_caller_wrote_it()
    {
        var accepted = Accept("""
            {
              "repo_url": "https://oauth2:SECRET-url@gitlab.example.com:8443/g/p.git", "intent": "x",
              "webhook_secret": "SECRET-hook", "gitlab_api_token": "SECRET-gitlab",
              "base_url": "https://llm.example.com/v1", "api_key": "SECRET-key"
            }
            """);

        Assert.DoesNotContain("SECRET", JsonSerializer.Serialize(accepted.Spec, AiCoderJson.Options), StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", accepted.ToString(), StringComparison.Ordinal);
        Assert.Equal("https://gitlab.example.com:8443/g/p.git", accepted.Spec.RepoUrl);
        Assert.Equal("oauth2", accepted.Spec.Username);
        Assert.Equal(
            ["SECRET-gitlab", "SECRET-hook", "SECRET-key", "SECRET-url"],
            accepted.Secrets.All.Select(secret => secret.Value).Order());
    }

    [Theory]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","color":1}""", "color")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","credentials":{"pass":"y"}}""", "credentials.pass")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","pull_request":{"titel":"y"}}""", "pull_request")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","max_iterations":"3"}""", "max_iterations")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","max_iterations":0}""", "max_iterations")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","webhook_secret":"whsec_not base64!"}""", "webhook_secret")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","validation":{"network":"some"}}""", "validation.network")]
    [InlineData("""{"intent":"x"}""", "repo_url")]
    [InlineData("""{"repo_url":"https://h/x","intent":"  "}""", "intent")]
    [InlineData("""{"repo_url":"ext::sh -c id","intent":"x"}""", "repo_url")]
    [InlineData("""{"repo_url":"--upload-pack=id","intent":"x"}""", "repo_url")]
    [InlineData("""{"repo_url":"s3://bucket/x","intent":"x"}""", "repo_url")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","task_id":"../etc"}""", "task_id")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","task_id":".cache"}""", "task_id")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","task_id":"a.lock"}""", "task_id")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","branch":"--force"}""", "branch")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","branch":"a b"}""", "branch")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","branch":"main","work_branch":"main"}""", "work_branch")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","work_branch":"Release/2.0"}""", "work_branch")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","paths":["../x"]}""", "paths")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","paths":["a/.git"]}""", "paths")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","base_url":"https://llm/v1"}""", "base_url")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","webhook_url":"ftp://h"}""", "webhook_url")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","validation":{"network":"all"}}""", "validation.network")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","validation":{"image":"x"}}""", "validation.image")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","limits":{"max_tokens":-1}}""", "limits.max_tokens")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","limits":{"max_cost_usd":0}}""", "limits.max_cost_usd")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","limits":{"max_turns":0}}""", "limits.max_turns")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","limits":{"max_minutes":10080.5}}""", "limits.max_minutes")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","approval":"yes"}""", "approval")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","engine":"gpt"}""", "engine")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","github_token":"a\nb"}""", "github_token")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","github_token":"a","gitlab_api_token":"b"}""", "github_token")]
    public void A_bad_field_is_named(string json, string field)
    {
        var exception = Assert.Throws<TaskRequestException>(() => Accept(json));

        var problem = Assert.Single(exception.Problems);
        Assert.Equal(field, problem.Field);
        Assert.Contains(field.Split('.')[^1], problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_none_of_a_fields_values_is_answered_with_those()
    {
        var exception = Assert.Throws<TaskRequestException>(() => Accept("""{"repo_url":"https://h/x","intent":"x","validation":{"network":"some"}}"""));
        Assert.Contains("none, prepare, all", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("")]
    [InlineData("""{"repo_url":"https://h/x","intent":"x","intent":"y"}""")]
    public void What_is_no_json_object_is_refused_with_a_sentence(string json)
    {
        var exception = Assert.Throws<TaskRequestException>(() => Accept(json));
        Assert.Contains("JSON", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_problem_is_found_at_once()
    {
        var exception = Assert.Throws<TaskRequestException>(() => Accept("""{"task_id":"a b","max_iterations":99,"approval":"maybe"}"""));
        Assert.Equal(["approval", "intent", "max_iterations", "repo_url", "task_id"], exception.Problems.Select(problem => problem.Field).Order());
    }

    [Fact]
    public void A_service_takes_no_local_path_but_the_command_line_does()
    {
        const string json = """{"repo_url":"/srv/git/x.git","intent":"x"}""";

        Assert.Equal("/srv/git/x.git", Accept(json).Spec.RepoUrl);
        var exception = Assert.Throws<TaskRequestException>(() => Accept(json, Options with { CallerIsOperator = false }));
        Assert.Equal("repo_url", Assert.Single(exception.Problems).Field);
    }

    [Fact]
    public void The_fingerprint_is_the_requests_without_its_secrets_and_id()
    {
        const string one = """{"task_id":"a","repo_url":"https://h/x","intent":"x","github_token":"one"}""";
        const string same = """{"intent":"x","task_id":"b","github_token":"two","repo_url":"https://user:pw@h/x"}""";
        const string other = """{"task_id":"a","repo_url":"https://h/x","intent":"y","github_token":"one"}""";

        Assert.Equal(Accept(one).Fingerprint, Accept(same).Fingerprint);
        Assert.NotEqual(Accept(one).Fingerprint, Accept(other).Fingerprint);
    }

    [Fact]
    public void Without_any_key_for_the_model_the_request_says_which_variable_to_set()
    {
        var exception = Assert.Throws<TaskRequestException>(
            () => Accept("""{"repo_url":"https://h/x","intent":"x"}""", Options with { ApiKey = null }));
        Assert.Contains("OPENAI_API_KEY", exception.Message, StringComparison.Ordinal);

        // A service's caller can set no variable of it.
        var service = Options with { ApiKey = null, CallerIsOperator = false };
        exception = Assert.Throws<TaskRequestException>(() => Accept("""{"repo_url":"https://h/x","intent":"x"}""", service));
        Assert.Contains("operator has set none", exception.Message, StringComparison.Ordinal);
        Accept("""{"repo_url":"https://h/x","intent":"x","base_url":"https://llm/v1","api_key":"k"}""", service);
    }

    [Theory]
    [InlineData("repo_url", """{"repo_url":"https://10.1.2.3/x","intent":"x"}""")]
    [InlineData("repo_url", """{"repo_url":"ssh://git@[fd00::1]/group/x.git","intent":"x"}""")]
    [InlineData("repo_url", """{"repo_url":"git@127.0.0.1:group/x.git","intent":"x"}""")]
    [InlineData("repo_url", """{"repo_url":"https://metadata.google.internal/x","intent":"x"}""")]
    [InlineData("webhook_url", """{"repo_url":"https://h/x","intent":"x","webhook_url":"http://169.254.169.254/latest"}""")]
    [InlineData("webhook_url", """{"repo_url":"https://h/x","intent":"x","webhook_url":"http://2130706433/"}""")]
    [InlineData("base_url", """{"repo_url":"https://h/x","intent":"x","base_url":"http://[::1]:8000/v1","api_key":"k"}""")]
    public void A_service_refuses_an_address_that_it_will_never_connect_to(string field, string json)
    {
        var exception = Assert.Throws<TaskRequestException>(() => Accept(json, Options with { CallerIsOperator = false }));

        var problem = Assert.Single(exception.Problems);
        Assert.Equal(field, problem.Field);
        Assert.StartsWith($"{field} can't be taken. The host ", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_that_the_operator_allows_or_set_is_taken_and_a_name_is_not_looked_up()
    {
        const string json = """
            {"repo_url":"https://10.1.2.3/x","intent":"x","webhook_url":"http://127.0.0.1:9/hook","base_url":"http://192.0.2.7/v1","api_key":"k"}
            """;
        var service = Options with { CallerIsOperator = false };

        Accept(json);
        Accept(json, service with { AllowedNetworks = ["10.0.0.0/8", "127.0.0.1", "192.0.2.7"] });
        Accept(json, service with { AllowedNetworks = ["10.0.0.0/8", "192.0.2.7"], WebhookUrl = new("http://127.0.0.1:9/hook") });
        Accept("""{"repo_url":"https://localhost/x","intent":"x"}""", service);
        var exception = Assert.Throws<TaskRequestException>(() => Accept("""{"repo_url":"https://169.254.169.254/x","intent":"x"}"""));
        Assert.Equal("repo_url", Assert.Single(exception.Problems).Field);
    }

    private static AcceptedTask Accept(string json, AiCoderOptions? options = null) =>
        TaskAcceptance.Accept(TaskRequestReader.Read(json), options ?? Options, "new-id");
}
