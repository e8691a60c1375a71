using System.Text;
using System.Text.Json.Nodes;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Webhooks;
using CsCheck;

namespace AiCoder.Core.Tests.Webhooks;

public sealed class WebhookBodyTests
{
    [Fact]
    public void A_body_that_fits_is_left_as_it_is()
    {
        var text = new string('中', 80_000);
        var json = Parse(WebhookBody.Create(Event(new() { ["text"] = text }), SecretRedactor.None));
        Assert.Equal(text, (string)json["data"]!["text"]!);
        Assert.Null(json["data"]!["truncated"]);
    }

    [Fact]
    public void Long_parts_are_cut_and_marked_and_the_short_ones_stay()
    {
        var data = new JsonObject
        {
            ["output"] = new string('中', 400_000),
            ["changes"] = new JsonArray([.. Enumerable.Range(0, 50_000).Select(number => (JsonNode)$"modified: 目录/{number}.py")]),
            ["commit_hash"] = "abc",
            ["progress"] = 100,
            ["sequence"] = 9,
        };
        var body = WebhookBody.Create(Event(data), SecretRedactor.None);
        var cut = Parse(body)["data"]!;

        Assert.InRange(body.Length, 10_000, WebhookBody.MaxBytes);
        Assert.True((bool)cut["truncated"]!);
        Assert.Contains("[truncated: ", (string)cut["output"]!, StringComparison.Ordinal);
        Assert.Contains("more]", (string)cut["changes"]!.AsArray()[^1]!, StringComparison.Ordinal);
        Assert.Equal("abc", (string)cut["commit_hash"]!);
        Assert.Equal(9, (int)cut["sequence"]!);
    }

    [Fact]
    public void Whatever_is_in_it_a_body_fits_and_is_well_formed()
    {
        var leaf = Gen.Select(Gen.String[Gen.Char["aé中\"\\\n"], 0, 400], Gen.Int[1, 40]).Select((text, times) => string.Concat(Enumerable.Repeat(text, times)));
        Gen.Select(leaf.Array[0, 200], leaf.Array[0, 60]).Sample(
            (list, values) =>
            {
                var data = new JsonObject { ["list"] = new JsonArray([.. list.Select(text => (JsonNode)text)]), ["sequence"] = 3 };
                for (var index = 0; index < values.Length; index++)
                    data[$"{values[index][..Math.Min(200, values[index].Length)]}{index}"] = values[index] + "😀";
                var body = WebhookBody.Create(Event(data), SecretRedactor.None);
                Assert.InRange(body.Length, 1, WebhookBody.MaxBytes);
                var json = Parse(body);
                Assert.Equal(3, (int)json["data"]!["sequence"]!);
                Assert.DoesNotContain('\uFFFD', Encoding.UTF8.GetString(body));
            },
            iter: 30);
    }

    [Fact]
    public void Metadata_of_too_many_names_gives_way_to_what_matters()
    {
        var data = new JsonObject { ["progress"] = 1, ["sequence"] = 4 };
        for (var index = 0; index < 40_000; index++)
            data[$"name{index}"] = index;
        Assert.Equal(
            """{"progress":1,"sequence":4,"truncated":true}""",
            Parse(WebhookBody.Create(Event(data), SecretRedactor.None))["data"]!.ToJsonString());
    }

    private static TaskEvent Event(JsonObject data) => new("t", TaskState.Coding, new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc), data);

    private static JsonNode Parse(byte[] body) => JsonNode.Parse(body)!;
}
