using System.Text.Json.Nodes;
using AiCoder.Core.Models;

namespace AiCoder.Core.Tests.Models;

public sealed class JsonMenderTests
{
    [Theory]
    [InlineData("""{"a": 1,}""", """{"a":1}""")]
    [InlineData("{\"a\": \"one\ntwo\tthree\"}", """{"a":"one\ntwo\tthree"}""")]
    [InlineData("```json\n{\"a\": 1}\n```", """{"a":1}""")]
    [InlineData("{'a': 'it\\'s', 'b': True, 'c': None, 'd': False}", """{"a":"it's","b":true,"c":null,"d":false}""")]
    [InlineData("{a: \"x\", b_c: [1, 2,]}", """{"a":"x","b_c":[1,2]}""")]
    [InlineData("""{"pattern": "\d+\s(a|b)\."}""", """{"pattern":"\\d+\\s(a|b)\\."}""")]
    [InlineData("""{"a": "x"}}""", """{"a":"x"}""")]
    [InlineData("""{"a": {"b": [1""", """{"a":{"b":[1]}}""")]
    [InlineData("""{"a": "x" """, """{"a":"x"}""")]
    [InlineData("{\"a\": 1, // why\n\"b\": 2}", """{"a":1,"b":2}""")]
    [InlineData("\"{\\\"a\\\": \\\"x\\\"}\"", """{"a":"x"}""")]
    [InlineData("", "{}")]
    public void A_slip_that_can_be_meant_one_way_only_is_mended(string written, string meant) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(meant), JsonNode.Parse(JsonMender.ToObject(written, allowUnclosed: true)!)));

    [Theory]
    [InlineData("""{"a": "x""")]
    [InlineData("""{"a": "x", """)]
    [InlineData("""{"a":""")]
    [InlineData("""{"a": "print("hi")"}""")]
    [InlineData("{'a': 'don't'}")]
    [InlineData("""{"a": 1}{"a": 2}""")]
    [InlineData("""{"a": yes}""")]
    [InlineData("[1]")]
    [InlineData("words")]
    [InlineData("{")]
    public void What_has_no_end_or_two_meanings_is_left(string written) => Assert.Null(JsonMender.ToObject(written, allowUnclosed: true));

    [Theory]
    [InlineData("""{"a": "x" """)]
    [InlineData("""{"a": {"b": 1}""")]
    public void Where_the_answer_was_cut_off_a_missing_bracket_is_no_slip(string written) => Assert.Null(JsonMender.ToObject(written, allowUnclosed: false));

    [Fact]
    public void Deep_nonsense_is_given_up() => Assert.Null(JsonMender.ToObject(string.Concat(Enumerable.Repeat("{a:", 100_000)), allowUnclosed: true));

    [Fact]
    public void Valid_JSON_is_left_as_it_is()
    {
        var written = """{"a": 1.50, "b": "\u00e9", "c": {}}""";

        Assert.Same(written, JsonMender.ToObject(written, allowUnclosed: true));
    }
}
