using System.Text;

namespace AiCoder.Core.Processes;

/// <summary>Takes what a process prints.</summary>
internal interface IOutputSink
{
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, Utf8Chunks decoder, CancellationToken cancellationToken);

    ValueTask EndAsync(Utf8Chunks decoder);
}

/// <summary>Decodes UTF-8 that arrives in pieces; bytes that are none become U+FFFD.</summary>
internal sealed class Utf8Chunks
{
    private readonly Decoder _decoder = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false).GetDecoder();

    public string Decode(ReadOnlySpan<byte> bytes, bool last)
    {
        var chars = new char[_decoder.GetCharCount(bytes, last)];
        return new(chars, 0, _decoder.GetChars(bytes, chars, last));
    }
}

/// <summary>Keeps head and tail as text, and shows the text to whoever watches.</summary>
internal sealed class TextSink(ProcessSpec spec, BoundedOutput output) : IOutputSink
{
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, Utf8Chunks decoder, CancellationToken cancellationToken)
    {
        Add(decoder.Decode(bytes.Span, last: false));
        return ValueTask.CompletedTask;
    }

    public ValueTask EndAsync(Utf8Chunks decoder)
    {
        Add(decoder.Decode([], last: true));
        return ValueTask.CompletedTask;
    }

    private void Add(string text)
    {
        if (text.Length == 0)
            return;

        // Both streams share the caller's callback, and with merged output the buffer too.
        lock (spec)
        {
            output.Append(text);
            spec.OnOutput?.Invoke(text);
        }
    }
}

/// <summary>Copies bytes as they are.</summary>
internal sealed class StreamSink(Stream output) : IOutputSink
{
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, Utf8Chunks decoder, CancellationToken cancellationToken) =>
        output.WriteAsync(bytes, cancellationToken);

    public ValueTask EndAsync(Utf8Chunks decoder) => ValueTask.CompletedTask;
}
