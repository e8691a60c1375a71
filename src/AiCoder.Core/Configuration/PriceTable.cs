using System.Globalization;
using System.Text.Json;
using AiCoder.Core.Models;

namespace AiCoder.Core.Configuration;

/// <summary>
/// Reads MODEL_PRICES: <c>{"model": {"input": 1.0, "cached_input": 0.1, "output": 5.0}}</c>, US dollars for a million tokens, or
/// <c>@file</c> with the same in it. Without <c>cached_input</c>, cached input costs what other input does.
/// </summary>
internal static class PriceTable
{
    public const string Variable = "MODEL_PRICES";

    // More than any model costs; a price in another unit or currency is mostly a mistake of this size.
    private const decimal Dearest = 100_000m;
    private const long LargestFile = 1024 * 1024;
    private const string Form = """{"model": {"input": 1.0, "cached_input": 0.1, "output": 5.0}}""";
    private static readonly string[] Fields = ["input", "cached_input", "output"];

    /// <summary>The prices by model, whatever the names' case, and everything that is wrong with the text.</summary>
    public static (IReadOnlyDictionary<string, ModelPrice> Prices, IReadOnlyList<string> Problems) Read(string value)
    {
        var prices = new Dictionary<string, ModelPrice>(StringComparer.OrdinalIgnoreCase);
        var problems = new List<string>();
        try
        {
            using var document = JsonDocument.Parse(value.StartsWith('@') ? ReadFile(Path.GetFullPath(value[1..].Trim())) : value);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                Read(document.RootElement, prices, problems);
            else
                problems.Add($"{Variable} must be an object of prices by model, like {Form}.");
        }
        catch (JsonException exception)
        {
            problems.Add($"{Variable} is not valid JSON (line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}); give an object like {Form}, or @ and the path of a file that holds one.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            problems.Add($"{Variable} names a file that can't be read: {exception.Message}");
        }

        return (prices, problems);
    }

    private static string ReadFile(string path) => new FileInfo(path) is { Exists: true, Length: > LargestFile }
        ? throw new IOException($"{path} has more than {LargestFile} bytes.")
        : File.ReadAllText(path);

    private static void Read(JsonElement table, Dictionary<string, ModelPrice> prices, List<string> problems)
    {
        foreach (var entry in table.EnumerateObject())
        {
            var before = problems.Count;
            if (string.IsNullOrWhiteSpace(entry.Name))
                problems.Add($"{Variable} holds a price for a model without a name.");
            else if (entry.Value.ValueKind != JsonValueKind.Object)
                problems.Add($"{Variable}: '{entry.Name}' must be an object with input and output, like {Form}.");
            else if (Price(entry.Name, entry.Value, problems) is { } price && problems.Count == before && !prices.TryAdd(entry.Name.Trim(), price))
                problems.Add($"{Variable} holds '{entry.Name.Trim()}' twice.");
        }
    }

    private static ModelPrice? Price(string model, JsonElement value, List<string> problems)
    {
        foreach (var field in value.EnumerateObject().Where(field => !Fields.Contains(field.Name)))
            problems.Add($"{Variable}: '{model}' has an unknown field '{field.Name}'; there are {string.Join(", ", Fields)}.");
        var input = Amount("input");
        var output = Amount("output");
        var cached = value.TryGetProperty("cached_input", out _) ? Amount("cached_input") : input;
        return input is { } paid && output is { } answered && cached is { } read ? new(paid, read, answered) : null;

        decimal? Amount(string name)
        {
            if (!value.TryGetProperty(name, out var amount))
                problems.Add($"{Variable}: '{model}' has no '{name}'.");
            else if (amount.ValueKind == JsonValueKind.Number && amount.TryGetDecimal(out var dollars) && dollars is >= 0 and <= Dearest)
                return dollars;
            else
                problems.Add(string.Create(CultureInfo.InvariantCulture, $"{Variable}: '{model}' has the {name} price {amount.GetRawText()}; it must be a number from 0 to {Dearest}, US dollars for a million tokens."));
            return null;
        }
    }
}
