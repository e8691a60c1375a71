using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiCoder.Core;

/// <summary>
/// Reads and writes an enum by its wire names. Stands on each enum of a payload, because the serializer's own converter is built
/// by reflection and costs the first request of a process tens of milliseconds.
/// </summary>
internal sealed class WireNameConverter<T> : JsonConverter<T>
    where T : struct, Enum
{
    /// <exception cref="WireNameException">It is no such name.</exception>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && WireNames<T>.Find(reader.GetString()!) is { } value
            ? value
            : throw new WireNameException(WireNames<T>.All);

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(WireNames<T>.Of(value));
}

/// <summary>A value is none of those that a field can have.</summary>
/// <param name="names">Those.</param>
internal sealed class WireNameException(IReadOnlyList<string> names) : JsonException($"It must be one of {string.Join(", ", names)}.");
