using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Core.Tasks;
using AiCoder.Server.Queue;

namespace AiCoder.Server.Tests.Queue;

public sealed class ClaimIdentityTests
{
    private const string Task = """{"task_id":"t","repo_url":"https://git.example.com/g/p.git","intent":"x","metadata":{"a":{"c":1,"d":[2]},"b":"2"}}""";
    private const string Secret = """{"task_id":"t","repo_url":"https://git.example.com/g/p.git","intent":"x","github_token":"ghp_1","webhook_secret":"w"}""";

    [Theory]
    [InlineData(Task, true)]
    [InlineData("""{"metadata":{"b":"2","a":{"d":[2],"c":1}},"intent":" x ","approval":"none","repo_url":"https://git.example.com/g/p.git","task_id":"t"}""", true)]
    [InlineData("""{"task_id":"t","repo_url":"https://git.example.com/g/p.git","intent":"y","metadata":{"a":{"c":1,"d":[2]},"b":"2"}}""", false)]
    [InlineData("""{"task_id":"t","repo_url":"https://git.example.com/g/p.git","intent":"x","metadata":{"a":{"c":1,"d":[3]},"b":"2"}}""", false)]
    public void It_is_the_same_task_whatever_the_words_and_another_whatever_differs(string other, bool isSame)
    {
        Assert.Equal(isSame, ClaimIdentity.Of(Accept(Task)).Is(Accept(other)));
        Assert.Equal(isSame, ClaimIdentity.Of(Accept(other)).Is(Accept(Task)));
    }

    [Fact]
    public void Other_defaults_of_a_server_make_no_other_task() =>
        Assert.True(ClaimIdentity.Of(Accept(Task)).Is(Accept(Task, "another-model")));

    [Theory]
    [InlineData(Secret, true)]
    [InlineData("""{"task_id":"t","repo_url":"https://git.example.com/g/p.git","intent":"x","github_token":"ghp_2","webhook_secret":"w"}""", false)]
    [InlineData("""{"task_id":"t","repo_url":"https://git.example.com/g/p.git","intent":"x"}""", false)]
    public void Other_secrets_make_another_task(string other, bool isSame)
    {
        Assert.Equal(isSame, ClaimIdentity.Of(Accept(Secret)).Is(Accept(other)));
        Assert.Equal(isSame, ClaimIdentity.Of(Accept(other)).Is(Accept(Secret)));
    }

    [Theory]
    [InlineData("damaged")]
    [InlineData("pbkdf2-sha256:1:zz:00")]
    [InlineData("pbkdf2-sha256:1:00:00")]
    [InlineData("pbkdf2-sha256:99999999999:00:00")]
    public void A_damaged_hash_is_nobodys(string damaged) =>
        Assert.False((ClaimIdentity.Of(Accept(Secret)) with { Secrets = damaged }).Is(Accept(Secret)));

    private static AcceptedTask Accept(string json, string model = "m") =>
        QueuedRequest.Accept(json, "m", new AiCoderOptions { WorkspaceDir = "/w", StateDir = "/s", ApiKey = "sk-0123456789", Model = model });
}
