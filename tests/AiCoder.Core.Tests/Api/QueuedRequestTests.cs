using System.Text;
using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Tests.Api;

public sealed class QueuedRequestTests
{
    private const string Request = """{"repo_url":"https://git.example.com/g/p.git","intent":"添加登录功能","task_id":"t"}""";
    private static readonly AiCoderOptions Options = new() { WorkspaceDir = "/w", StateDir = "/w/.state", ApiKey = "sk-0123456789" };

    public static TheoryData<string> Forms => new(
        Request,
        "\uFEFF \n" + Request,
        Base64(Request),
        Base64("\uFEFF" + Request),
        Base64("\n " + Request + "\n") + "\n",
        string.Join("\r\n", Base64(Request).Chunk(20).Select(line => new string(line))));

    [Theory]
    [MemberData(nameof(Forms))]
    public void Plain_json_and_the_base64_of_it_are_the_same_request(string text)
    {
        var task = QueuedRequest.Accept(text, "m", Options);
        Assert.Equal(("t", "添加登录功能"), (task.Spec.TaskId, task.Spec.Intent));
        Assert.Equal(QueuedRequest.Accept(Request, "m", Options).Fingerprint, task.Fingerprint);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("no JSON at all")]
    [InlineData("abcd")]
    [InlineData("[]")]
    [InlineData("\"{}\"")]
    [InlineData("{\"repo_url\":")]
    public void What_is_neither_is_a_problem(string text) =>
        Assert.NotEmpty(Assert.Throws<TaskRequestException>(() => QueuedRequest.Accept(text, "m", Options)).Problems);

    [Fact]
    public void Base64_of_what_is_no_text_says_so()
    {
        var exception = Assert.Throws<TaskRequestException>(() => QueuedRequest.Decode(Convert.ToBase64String([0xFF, 0xFE, 0x00, 0x80])));
        Assert.Contains("no UTF-8", Assert.Single(exception.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_field_is_named()
    {
        var exception = Assert.Throws<TaskRequestException>(() => QueuedRequest.Accept(Base64("""{"repo":"x"}"""), "m", Options));
        Assert.Contains("'repo'", exception.Problems[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_without_a_task_id_has_the_same_one_each_time_it_is_delivered()
    {
        const string withoutId = """{"repo_url":"https://git.example.com/g/p.git","intent":"x"}""";
        var messageId = Guid.NewGuid().ToString();
        var task = QueuedRequest.Accept(withoutId, messageId, Options);
        Assert.Equal($"queue-{messageId}", task.Spec.TaskId);
        Assert.Equal(task.Spec.TaskId, QueuedRequest.Accept(withoutId, messageId, Options).Spec.TaskId);
        Assert.NotEqual(task.Spec.TaskId, QueuedRequest.Accept(withoutId, Guid.NewGuid().ToString(), Options).Spec.TaskId);
    }

    [Theory]
    [InlineData("a/b?c")]
    [InlineData("")]
    public void A_message_id_of_any_form_gives_a_task_id(string messageId)
    {
        Assert.True(TaskAcceptance.IsTaskId(QueuedRequest.TaskIdOf(messageId)));
        Assert.Equal(QueuedRequest.TaskIdOf(messageId), QueuedRequest.TaskIdOf(messageId));
    }

    [Fact]
    public void The_names_that_both_hosts_share_are_these() =>
        Assert.Equal(("aicoder-tasks", "aicoder-tasks-poison"), (QueueNames.Tasks, QueueNames.Poison));

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
