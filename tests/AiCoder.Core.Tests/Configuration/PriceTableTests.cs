using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Core.Tasks;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Configuration;

public sealed class PriceTableTests
{
    [Fact]
    public void The_operators_prices_come_before_the_built_in_ones()
    {
        var prices = new ModelPrices(Read("""{"House-Model": {"input": 1.5, "cached_input": 0.5, "output": 4}, "gpt-4o": {"input": 100, "output": 200}}""").ModelPrices);

        Assert.Equal(new ModelPrice(1.5m, 0.5m, 4m), prices.Find("house-model"));
        // Cached input costs what other input does where nothing else is said; a dated version is the same model.
        Assert.Equal(new ModelPrice(100, 100, 200), prices.Find("gpt-4o-2024-11-20"));
        Assert.Equal(new ModelPrice(0.15m, 0.075m, 0.60m), prices.Find("gpt-4o-mini"));
        Assert.Equal((1_000_000 * 1.5m + 500_000 * 0.5m + 250_000 * 4m) / 1_000_000m, prices.Priced("house-model", new Usage { InputTokens = 1_500_000, CachedInputTokens = 500_000, OutputTokens = 250_000 }).CostUsd);
    }

    [Fact]
    public async Task They_may_stand_in_a_file()
    {
        using var folder = new TemporaryFolder();
        var file = folder["prices.json"];
        await File.WriteAllTextAsync(file, """{"house-model": {"input": 1, "output": 2}}""", TestContext.Current.CancellationToken);

        Assert.Equal(new ModelPrice(1, 1, 2), Read("@" + file).ModelPrices["house-model"]);
    }

    [Theory]
    [InlineData("1 dollar", "is not valid JSON")]
    [InlineData("[]", "must be an object")]
    [InlineData("""{"m": 1}""", "'m' must be an object")]
    [InlineData("""{"m": {"input": 1}}""", "'m' has no 'output'")]
    [InlineData("""{"m": {"input": "1", "output": 2}}""", "the input price \"1\"")]
    [InlineData("""{"m": {"input": -1, "output": 2}}""", "the input price -1")]
    [InlineData("""{"m": {"input": 1, "output": 1e300}}""", "the output price 1e300")]
    [InlineData("""{"m": {"input": 1, "output": 2, "cache": 3}}""", "unknown field 'cache'")]
    [InlineData("""{"m": {"input": 1, "output": 2}, "M": {"input": 1, "output": 2}}""", "holds 'M' twice")]
    [InlineData("""{" ": {"input": 1, "output": 2}}""", "without a name")]
    [InlineData("@/nowhere/prices.json", "names a file that can't be read")]
    public void What_is_wrong_with_them_is_said_at_start(string value, string problem)
    {
        var message = Assert.Throws<FailureException>(() => Read(value)).Message;

        Assert.Contains("MODEL_PRICES", message, StringComparison.Ordinal);
        Assert.Contains(problem, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_problem_of_prices_and_ceilings_is_listed_at_once()
    {
        var message = Assert.Throws<FailureException>(() => Read(
            """{"a": {"input": 1}, "b": {"output": 1, "x": 1}}""", ("DAILY_MAX_TOKENS", "many"), ("DAILY_MAX_COST_USD", "-1"))).Message;

        Assert.Contains("5 problems:", message, StringComparison.Ordinal);
        foreach (var part in new[] { "'a' has no 'output'", "'b' has no 'input'", "unknown field 'x'", "DAILY_MAX_TOKENS is 'many'", "DAILY_MAX_COST_USD is '-1'" })
            Assert.Contains(part, message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_ceilings_are_read()
    {
        var options = Read("{}", ("DAILY_MAX_TOKENS", "3000000000"), ("DAILY_MAX_COST_USD", "12.50"));

        Assert.Equal((3_000_000_000L, 12.5m), (options.DailyMaxTokens, options.DailyMaxCostUsd));
    }

    private static AiCoderOptions Read(string prices, params (string Name, string Value)[] further)
    {
        var variables = further.ToDictionary(variable => variable.Name, variable => variable.Value);
        variables["MODEL_PRICES"] = prices;
        variables["WORKSPACE_DIR"] = "/tmp/w";
        return EnvironmentReader.Read(variables.GetValueOrDefault, callerIsOperator: false);
    }
}
