using AiCoder.Testing;

namespace AiCoder.Infra.Tests.Infrastructure;

/// <summary>What the Dockerfile copies to <c>/app</c>: aicoder as <c>dotnet publish</c> lays it out, and the scripts. Made once.</summary>
[CollectionDefinition(Name)]
public sealed class PublishedImage : IAsyncLifetime, ICollectionFixture<PublishedImage>
{
    public const string Name = "The published image";

    private readonly TemporaryFolder _folder = new();

    public string App => _folder["app"];

    public async ValueTask InitializeAsync()
    {
        // The tests' own build, neither for another runtime nor compiled ahead: what is published is the same.
        var publish = await Tool.RunAsync(
            "dotnet",
            [
                "publish", "src/AiCoder.Cli", "--no-build", "-c", Configuration, "-o", App, "-v", "quiet", "-p:UseCurrentRuntimeIdentifier=false", "-p:PublishReadyToRun=false",
                "-nodeReuse:false",
            ]);
        Assert.True(publish.ExitCode == 0, publish.Output + publish.Error);
        foreach (var script in new[] { "entrypoint", "healthcheck" })
            File.Copy(Repository.PathOf($"infra/docker/{script}"), Path.Combine(App, script));
        // The user in the image is another than the one who made it.
        File.SetUnixFileMode(_folder.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string Configuration => new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
}
