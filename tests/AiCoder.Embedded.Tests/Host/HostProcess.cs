using System.Diagnostics;
using System.Text.Json;
using AiCoder.Core;

namespace AiCoder.Embedded.Tests.Host;

/// <summary>The test host as a process of its own.</summary>
internal sealed class HostProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    private HostProcess(Process process) =>
        (_process, _output, _errors) = (process, process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());

    public int Id => _process.Id;

    public static HostProcess Start(string folder, string taskId, int killAfter = 0, bool hang = false)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] arguments = [Path.Combine(AppContext.BaseDirectory, "AiCoder.Embedded.TestHost.dll"), folder, taskId, $"{killAfter}", .. hang ? ["hang"] : Array.Empty<string>()];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return new HostProcess(Process.Start(start)!);
    }

    public async Task<(int ExitCode, string Output)> EndAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(HostFixture.Bound, TestContext.Current.CancellationToken);
        var errors = await _errors;
        Assert.DoesNotContain("Unhandled exception", errors, StringComparison.Ordinal);
        return (_process.ExitCode, await _output);
    }

    public async Task<T?> ResultAsync<T>() => JsonSerializer.Deserialize<T>((await EndAsync()).Output, AiCoderJson.Options);

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(HostFixture.Bound, TestContext.Current.CancellationToken);
    }

    /// <summary>Sends a signal by name.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}
