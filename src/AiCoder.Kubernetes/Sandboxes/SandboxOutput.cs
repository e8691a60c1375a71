using System.Text;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>Takes a command's output: head and tail kept, shown to who watches, and an end to what never ends.</summary>
internal sealed class SandboxOutput(SandboxCommand command, SecretRedactor redactor, Action tooMuch)
{
    private readonly BoundedOutput _kept = new(command.OutputLimit);
    private readonly Utf8Chunks _output = new();
    private readonly Utf8Chunks _error = new();
    private long _total;
    private int _shown;

    /// <summary>Takes a piece.</summary>
    public async ValueTask TakeAsync(bool isError, ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        _total += bytes.Length;
        if (_total > command.TotalOutputLimit)
            tooMuch();
        if (!isError && command.StandardOutput is { } apart)
            await apart.WriteAsync(bytes, stop);
        else
            Keep((isError ? _error : _output).Decode(bytes.Span, last: false));
    }

    /// <summary>What was kept, after the last piece.</summary>
    public string End()
    {
        Keep(_output.Decode([], last: true));
        Keep(_error.Decode([], last: true));
        return redactor.Redact(_kept.ToString());
    }

    private void Keep(string text)
    {
        if (text.Length == 0)
            return;
        _kept.Append(text);
        if (command.OnOutput is not { } watch)
            return;
        var rest = text[..Math.Min(text.Length, command.OutputLimit - _shown)];
        _shown += rest.Length;
        if (rest.Length > 0)
            watch(redactor.Redact(rest));
    }
}
