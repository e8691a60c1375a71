using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using AiCoder.Core.Activities;
using AiCoder.Core.Configuration;
using AiCoder.Core.Network;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Tests.Activities;
using AiCoder.Core.Webhooks;
using AiCoder.Demo;

namespace AiCoder.Core.Tests.Webhooks;

/// <summary>Our signatures against the reference verifier, npm's <c>standardwebhooks</c>.</summary>
public sealed class StandardWebhooksTests : IDisposable
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private const string Verify = """
        const { Webhook } = require("standardwebhooks");
        const { secret, headers, body } = JSON.parse(require("fs").readFileSync(0, "utf8"));
        try { new Webhook(secret).verify(body, headers); console.log("verified"); }
        catch (error) { console.log("refused: " + error.message); }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("aicoder-standardwebhooks-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_reference_verifier_accepts_our_deliveries_and_refuses_changed_ones()
    {
        var (installed, output) = await RunAsync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "standardwebhooks@1"], "");
        if (!installed)
            Assert.Skip($"npm could not install standardwebhooks: {output}");

        await using var receiver = await WebhookReceiver.StartAsync(Secret, cancellationToken: Stop);
        var options = new AiCoderOptions { WorkspaceDir = _folder, StateDir = _folder, WebhookUrl = receiver.Url, WebhookSecret = Secret };
        using var store = new ProtectedSecretStore(options);
        using var client = new WebhookClient(new AddressGuard(options), TimeProvider.System);
        var data = new JsonObject { ["repo"] = "https://git.example/组/库.git", ["progress"] = 5, ["sequence"] = 2 };
        await new NotifyActivity(options, store, client).RunAsync(
            new NotifyInput(null, new TaskEvent("task.1", TaskState.Cloning, DateTime.UtcNow, data), 1), NoSignals.ContextOf("task.1"), Stop);

        var delivery = Assert.Single(receiver.Deliveries);
        Assert.Equal("verified", await VerifyAsync(delivery, Secret, delivery.Body));
        Assert.StartsWith("refused", await VerifyAsync(delivery, Secret, delivery.Body.Replace("\"progress\":5", "\"progress\":6", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.StartsWith("refused", await VerifyAsync(delivery, "whsec_" + Convert.ToBase64String(new byte[24]), delivery.Body), StringComparison.Ordinal);
    }

    private async Task<string> VerifyAsync(WebhookDelivery delivery, string secret, string body)
    {
        var headers = new JsonObject(delivery.Headers.Select(header => KeyValuePair.Create(header.Key.ToLowerInvariant(), (JsonNode?)header.Value)));
        var input = new JsonObject { ["secret"] = secret, ["headers"] = headers, ["body"] = body };
        var (ran, output) = await RunAsync("node", ["-e", Verify], input.ToJsonString());
        Assert.True(ran, output);
        return output.Trim();
    }

    private async Task<(bool Succeeded, string Output)> RunAsync(string program, string[] arguments, string input)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = _folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            await process.StandardInput.WriteAsync(input.AsMemory(), Stop);
            process.StandardInput.Close();
            var error = process.StandardError.ReadToEndAsync(Stop);
            var output = await process.StandardOutput.ReadToEndAsync(Stop);
            await process.WaitForExitAsync(Stop);
            return (process.ExitCode == 0, process.ExitCode == 0 ? output : await error);
        }
        catch (Win32Exception exception)
        {
            return (false, exception.Message);
        }
    }
}
