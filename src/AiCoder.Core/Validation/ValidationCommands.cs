using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation;

/// <summary>Runs the commands of one validation in the sandbox and cuts their output for the report.</summary>
internal sealed class ValidationCommands(ISandbox sandbox, SecretRedactor redactor, ValidationRequest request)
{
    // Names of failed tests are read from this much; the report keeps far less, because it goes through the journal.
    private const int ReadLimit = 400_000;
    private const int FailedLimit = 6_000;
    private const int PassedLimit = 1_500;

    public Task<CommandOutcome> RunAsync(
        string line, string directory, CommandPurpose purpose, bool network, CancellationToken cancellationToken)
    {
        request.Report(directory == "." ? line : $"{line} (in {directory})");
        var use = purpose switch
        {
            CommandPurpose.Prepare => SandboxPurpose.Prepare,
            CommandPurpose.Syntax => SandboxPurpose.Syntax,
            _ => SandboxPurpose.Test,
        };
        return RunQuietlyAsync(["/bin/sh", "-c", line], directory, use, network, cancellationToken);
    }

    public Task<CommandOutcome> RunQuietlyAsync(
        IReadOnlyList<string> arguments, string directory, SandboxPurpose purpose, bool network, CancellationToken cancellationToken) =>
        sandbox.RunAsync(
            new()
            {
                Arguments = arguments,
                WorkTree = request.WorkTree,
                Directory = directory,
                Image = request.Options.Image,
                Timeout = request.Timeout,
                Purpose = purpose,
                Network = network,
                Home = request.Home,
                Environment = Environment(network),
                OutputLimit = ReadLimit,
            },
            cancellationToken);

    /// <summary>Which of these programs the sandbox has.</summary>
    public async Task<IReadOnlySet<string>> FindProgramsAsync(IReadOnlyList<string> programs, CancellationToken cancellationToken)
    {
        const string Script = "for p; do command -v \"$p\" > /dev/null && echo \"$p\"; done; true";
        var outcome = await RunQuietlyAsync(["/bin/sh", "-c", Script, "sh", .. programs], ".", SandboxPurpose.Detect, network: false, cancellationToken).ConfigureAwait(false);
        return outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
    }

    public CommandReport Report(string line, string directory, CommandPurpose purpose, CommandOutcome outcome, CommandVerdict verdict) => new()
    {
        Command = redactor.Redact(line),
        Directory = directory,
        Purpose = purpose,
        ExitCode = outcome.ExitCode,
        DurationSeconds = Math.Round(outcome.Duration.TotalSeconds, 3),
        Verdict = verdict.Verdict,
        Reason = verdict.Reason is null ? null : redactor.Redact(verdict.Reason),
        FailedTests = verdict.FailedTests,
        Output = BoundedOutput.Cut(redactor.Redact(outcome.Output), verdict.Verdict == Verdict.Passed ? PassedLimit : FailedLimit),
    };

    private static Dictionary<string, string> Environment(bool network)
    {
        var environment = new Dictionary<string, string>
        {
            // Distributions forbid installing beside their own packages; this goes into the task's own home.
            ["PIP_BREAK_SYSTEM_PACKAGES"] = "1",
            ["PIP_NO_INPUT"] = "1",
        };
        if (network)
            return environment;

        // Tools that would try again and again for minutes learn at once that there is nothing to reach.
        environment["npm_config_fetch_retries"] = "0";
        environment["PIP_RETRIES"] = "0";
        environment["PIP_DEFAULT_TIMEOUT"] = "5";
        environment["CARGO_NET_OFFLINE"] = "true";
        environment["GOPROXY"] = "off";
        environment["GOTOOLCHAIN"] = "local";
        environment["COMPOSER_DISABLE_NETWORK"] = "1";
        return environment;
    }
}
