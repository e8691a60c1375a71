using System.Text.Json;

namespace AiCoder.Core;

/// <summary>Says in which fields two JSON values differ, so that a person reads names instead of two documents.</summary>
public static class JsonDifferences
{
    /// <summary>
    /// The dotted paths of what differs, in order, at the depth of the first difference; empty where the two mean the same.
    /// A field that is missing equals one that is empty (null, false, 0, "", [] or {}): a newer version may add fields to a
    /// record without making old documents different.
    /// </summary>
    public static IReadOnlyList<string> Between(JsonElement left, JsonElement right)
    {
        var differences = new List<string>();
        Collect(left, right, "", differences);
        return differences;
    }

    private static void Collect(JsonElement left, JsonElement right, string path, List<string> differences)
    {
        if (left.ValueKind == JsonValueKind.Object && right.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in left.EnumerateObject())
            {
                var other = right.TryGetProperty(property.Name, out var value) ? value : default;
                Collect(property.Value, other, Join(path, property.Name), differences);
            }

            foreach (var property in right.EnumerateObject().Where(property => !left.TryGetProperty(property.Name, out _)))
                Collect(default, property.Value, Join(path, property.Name), differences);
        }
        else if (!AreEqual(left, right))
        {
            differences.Add(path.Length == 0 ? "the whole value" : path);
        }
    }

    private static bool AreEqual(JsonElement left, JsonElement right) =>
        left.ValueKind == JsonValueKind.Undefined || right.ValueKind == JsonValueKind.Undefined
            ? IsEmpty(left) && IsEmpty(right)
            : left.ValueKind == JsonValueKind.Array && right.ValueKind == JsonValueKind.Array
                ? left.GetArrayLength() == right.GetArrayLength()
                    && left.EnumerateArray().Zip(right.EnumerateArray()).All(pair => Between(pair.First, pair.Second).Count == 0)
                : JsonElement.DeepEquals(left, right);

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Number => value.TryGetDouble(out var number) && number == 0,
        JsonValueKind.String => value.GetString()!.Length == 0,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => value.EnumerateObject().All(property => IsEmpty(property.Value)),
        _ => false,
    };

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
