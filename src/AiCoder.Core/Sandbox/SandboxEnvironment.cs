namespace AiCoder.Core.Sandbox;

/// <summary>The whole environment of a command in a sandbox.</summary>
internal static class SandboxEnvironment
{
    public static Dictionary<string, string> For(SandboxCommand command, HostToolchains toolchains, string home, string temporary)
    {
        var environment = new Dictionary<string, string>
        {
            // Programs that a preparation installs for the user come first.
            ["PATH"] = $"{home}/.local/bin:{string.Join(':', toolchains.Path)}",
            ["HOME"] = home,
            ["USER"] = "sandbox",
            ["LANG"] = "C.UTF-8",
            ["TMPDIR"] = temporary,
            // Test runners that watch or ask when they think a person is there.
            ["CI"] = "true",
            ["NO_COLOR"] = "1",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            ["DOTNET_NOLOGO"] = "1",
            ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
            // Servers that outlive a build are killed with it: don't start them.
            ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
            ["MSBUILDDISABLENODEREUSE"] = "1",
            ["UseSharedCompilation"] = "false",
            // An audit asks the network, and without one it is an error under warnings-as-errors.
            ["NuGetAudit"] = "false",
            ["npm_config_update_notifier"] = "false",
            ["npm_config_fund"] = "false",
            ["npm_config_audit"] = "false",
            ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1",
            ["PYTHONUNBUFFERED"] = "1",
            // Its bytecode would lie among the sources.
            ["PYTHONDONTWRITEBYTECODE"] = "1",
            ["GIT_TERMINAL_PROMPT"] = "0",
        };
        foreach (var (name, value) in toolchains.Environment)
            environment[name] = value;
        foreach (var (name, value) in command.Network ? toolchains.NetworkEnvironment : new Dictionary<string, string>())
            environment[name] = value;
        foreach (var (name, value) in command.Environment)
            environment[name] = value;
        return environment;
    }
}
