using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace AiCoder.Core.Agent.Qwen;

/// <summary>
/// What runs inside the sandbox, as the hidden command <c>aicoder qwen-forward</c>: it listens on the sandbox's own 127.0.0.1,
/// carries every connection to the gateway's socket, and starts the agent with that address as its model's.
/// </summary>
public static class QwenForwarder
{
    /// <summary>The hidden command's name.</summary>
    public const string CommandName = "qwen-forward";

    /// <summary><c>qwen-forward SOCKET PROMPT-FILE SETTINGS-FILE PROGRAM [ARGUMENT…]</c>.</summary>
    /// <returns>The agent's exit code; 2 where the arguments are not ours.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        if (arguments is not [CommandName, var socket, var prompt, var settings, var program, ..])
        {
            await Console.Error.WriteLineAsync($"{CommandName} is for AiCoder's own use.").ConfigureAwait(false);
            return 2;
        }

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _ = AcceptAsync(listener, socket);

        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, UseShellExecute = false };
        foreach (var argument in arguments.Skip(5))
            start.ArgumentList.Add(argument);
        start.Environment["OPENAI_BASE_URL"] = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/v1";
        // Its own files: in a folder that is empty at every start, never in a HOME that a repository's commands have written in.
        start.Environment["QWEN_HOME"] = Path.Combine(Path.GetTempPath(), "qwen");
        start.Environment["QWEN_CODE_SYSTEM_SETTINGS_PATH"] = settings;
        using var agent = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        await FeedAsync(agent, prompt).ConfigureAwait(false);
        await agent.WaitForExitAsync().ConfigureAwait(false);
        return agent.ExitCode;
    }

    private static async Task FeedAsync(Process agent, string prompt)
    {
        try
        {
            await agent.StandardInput.WriteAsync(await File.ReadAllTextAsync(prompt).ConfigureAwait(false)).ConfigureAwait(false);
            agent.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading; its exit code says why.
        }
    }

    private static async Task AcceptAsync(TcpListener listener, string socket)
    {
        while (true)
            _ = CarryAsync(await listener.AcceptTcpClientAsync().ConfigureAwait(false), socket);
    }

    private static async Task CarryAsync(TcpClient client, string path)
    {
        using var connection = client;
        using var gateway = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await gateway.ConnectAsync(new UnixDomainSocketEndPoint(path)).ConfigureAwait(false);
            using var outside = new NetworkStream(gateway);
            var inside = connection.GetStream();
            // Where one side has ended, there is nobody left for what the other would still say.
            await Task.WhenAny(inside.CopyToAsync(outside), outside.CopyToAsync(inside)).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            // The agent sees its connection end, and asks again or gives up.
        }
    }
}
