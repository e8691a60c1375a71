using System.Runtime.CompilerServices;
using System.Text.Json;

namespace AiCoder.Core;

/// <summary>The wire names of an enum: its members' names in snake_case, in the order of their values, which count from 0.</summary>
internal static class WireNames<T>
    where T : struct, Enum
{
    public static IReadOnlyList<string> All { get; } = Read(typeof(T));

    public static string Of(T value) => All[Unsafe.BitCast<T, int>(value)];

    /// <summary>The value of a name, in whatever case; null: there is none.</summary>
    public static T? Find(string name)
    {
        for (var value = 0; value < All.Count; value++)
        {
            if (All[value].Equals(name, StringComparison.OrdinalIgnoreCase))
                return Unsafe.BitCast<int, T>(value);
        }

        return null;
    }

    // The reflection that is not generic is compiled ahead of time; that over T would be compiled for each enum at the start.
    private static string[] Read(Type type)
    {
        var values = Enum.GetValuesAsUnderlyingType(type);
        if (values is not int[] numbers || !numbers.AsSpan().SequenceEqual(Enumerable.Range(0, numbers.Length).ToArray()))
            throw new NotSupportedException($"The values of {type.Name} do not count from 0.");
        return [.. Enum.GetNames(type).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];
    }
}
