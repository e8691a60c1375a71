using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace AiCoder.Testing.Processes;

/// <summary>The real <c>aicoder</c> executable as a child process, with an environment given whole.</summary>
public sealed partial class AiCoderProcess : IDisposable
{
    public const int SigInt = 2;
    public const int SigKill = 9;
    public const int SigTerm = 15;

    private readonly Process _process;
    private bool _isDisposed;
    private readonly StringBuilder _error = new();
    private readonly Task<string> _output;
    private readonly Task _reading;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private AiCoderProcess(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _reading = ReadErrorAsync();
    }

    public int Id => _process.Id;

    /// <summary>Standard error so far.</summary>
    public string Error
    {
        get
        {
            lock (_error)
                return _error.ToString();
        }
    }

    public static string Executable { get; } = Path.Combine(AppContext.BaseDirectory, "aicoder");

    public static AiCoderProcess Start(IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> arguments, string? input = null) =>
        Start(Executable, environment, arguments, environment["HOME"], input);

    /// <summary>The same by another program, which in the end starts aicoder.</summary>
    public static AiCoderProcess Start(
        string program, IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> arguments, string workingDirectory, string? input = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = new UTF8Encoding(false),
            StandardErrorEncoding = new UTF8Encoding(false),
            WorkingDirectory = workingDirectory,
        };
        start.Environment.Clear();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var process = Process.Start(start) ?? throw new InvalidOperationException("aicoder did not start.");
        if (input is not null)
            process.StandardInput.Write(input);
        process.StandardInput.Close();
        return new(process);
    }

    /// <summary>Waits for the end.</summary>
    public async Task<AiCoderRun> EndAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        await _reading.WaitAsync(cancellationToken);
        return new(_process.ExitCode, await _output.WaitAsync(cancellationToken), Error);
    }

    /// <summary>Waits until standard error holds a text.</summary>
    public async Task SaidAsync(string text, CancellationToken cancellationToken)
    {
        while (true)
        {
            var more = Volatile.Read(ref _more).Task;
            if (Error.Contains(text, StringComparison.Ordinal))
                return;
            if (_reading.IsCompleted)
                throw new InvalidOperationException($"aicoder ended without saying '{text}': {Error}");
            await Task.WhenAny(more, _reading).WaitAsync(cancellationToken);
        }
    }

    public void Signal(int signal)
    {
        if (Kill(_process.Id, signal) != 0)
            throw new InvalidOperationException($"Signal {signal} could not be sent.");
    }

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit(TimeSpan.FromSeconds(30));
        }

        _process.Dispose();
    }

    private async Task ReadErrorAsync()
    {
        var buffer = new char[1024];
        int count;
        while ((count = await _process.StandardError.ReadAsync(buffer)) > 0)
        {
            lock (_error)
                _error.Append(buffer, 0, count);
            Interlocked.Exchange(ref _more, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}

/// <summary>A process that has ended.</summary>
public sealed record AiCoderRun(int ExitCode, string Output, string Error)
{
    /// <summary>Standard output as the one JSON document that it must be.</summary>
    public JsonObject Result
    {
        get
        {
            try
            {
                return JsonNode.Parse(Output)!.AsObject();
            }
            catch (System.Text.Json.JsonException exception)
            {
                throw new InvalidOperationException($"Exit code {ExitCode}, standard output is no JSON document: '{Output}'. Standard error: {Error}", exception);
            }
        }
    }

    public string? ErrorCode => Result["error"] is JsonObject error ? $"{error["category"]}/{error["code"]}" : null;
}
