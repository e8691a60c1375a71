using AiCoder.Core.Models;

namespace AiCoder.Core.Tests.Models;

public sealed class ReasoningTextTests
{
    [Theory]
    [InlineData("<think>\nhm\n</think>\n\nThe answer.", "The answer.")]
    [InlineData("  <think>a</think><think>b</think>c", "c")]
    [InlineData("<thinking>a</thinking>b", "b")]
    [InlineData("hm, I see\n</think>\n\nThe answer.", "The answer.")]
    [InlineData("<think>never comes to an end", "")]
    [InlineData("<think></think>", "")]
    [InlineData("The answer.", "The answer.")]
    [InlineData("Write <think> and </think> tags.", "Write <think> and </think> tags.")]
    [InlineData("{\"summary\": \"strip </think> from answers\"}", "{\"summary\": \"strip </think> from answers\"}")]
    [InlineData("<call tool=\"write_file\"><content>\n</think>\n</content></call>", "<call tool=\"write_file\"><content>\n</think>\n</content></call>")]
    [InlineData("See:\n```\n<think>x</think>\n```", "See:\n```\n<think>x</think>\n```")]
    public void Reasoning_is_taken_off_the_front_only(string text, string rest) => Assert.Equal(rest.Trim(), ReasoningText.Strip(text).Trim());
}
