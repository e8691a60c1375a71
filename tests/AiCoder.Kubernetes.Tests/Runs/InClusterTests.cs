using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AiCoder.Kubernetes.Tests.Api;
using AiCoder.Testing.Processes;

namespace AiCoder.Kubernetes.Tests.Runs;

/// <summary><c>aicoder k8s run</c> in a pod: no kubeconfig, a service account's token, the cluster's own certificate.</summary>
public sealed class InClusterTests
{
    [Fact]
    public async Task In_a_pod_its_service_account_and_namespace_are_used()
    {
        using var certificate = Certificate();
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints("done"), certificate);
        var account = Directory.CreateDirectory(world.Folder["account"]).FullName;
        await File.WriteAllTextAsync(Path.Combine(account, "token"), "pod-token", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(account, "namespace"), ApiServer.Namespace, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(account, "ca.crt"), certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        world.Variables["KUBECONFIG"] = "";
        world.Variables["KUBERNETES_SERVICE_HOST"] = "127.0.0.1";
        world.Variables["KUBERNETES_SERVICE_PORT"] = world.Server.Url.Port.ToString(CultureInfo.InvariantCulture);

        var (exitCode, output, error) = await InPodAsync(world, account, "k8s", "run", "--keep", "--name", "kept", "-e", "A=b", RunWorld.Image);

        Assert.True(exitCode == 0, error);
        Assert.Equal("done\n", output);
        Assert.All(world.Server.Requests, request => Assert.Equal("Bearer pod-token", request.Headers["Authorization"]));
        Assert.Contains("kubectl -n ai-coder delete job kept", error, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output, string Error)> InPodAsync(RunWorld world, string account, params string[] arguments)
    {
        // Where a pod has it; /var/run is a link to /run.
        string[] pod = ["--dev-bind", "/", "/", "--tmpfs", "/run", "--ro-bind", account, "/run/secrets/kubernetes.io/serviceaccount", "--"];
        Assert.SkipUnless(await StartsAsync([.. pod, "/bin/true"]), "bubblewrap does not start here, and stands for the pod's file system.");
        return await RunAsync(world.Environment(), [.. pod, AiCoderProcess.Executable, .. arguments]);
    }

    private static async Task<bool> StartsAsync(string[] arguments)
    {
        try
        {
            return (await RunAsync([], arguments)).ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(Dictionary<string, string> environment, string[] arguments)
    {
        var start = new ProcessStartInfo("bwrap", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }

    private static X509Certificate2 Certificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=kubernetes", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, true));
        var now = DateTimeOffset.UtcNow;
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
