using System.Collections.Concurrent;
using AiCoder.Core.Configuration;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Validation;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>Which image a command runs in: the task's, else the operator's, else the language's.</summary>
internal sealed class SandboxImages(KubernetesSandboxOptions options)
{
    /// <summary>For what is in none of the languages: a shell, git, make and a C compiler.</summary>
    public const string General = "buildpack-deps:bookworm";

    private static readonly HashSet<string> Everything = [.. ProjectDetector.Programs];

    // Full images and not slim ones: native parts of packages are compiled on installing.
    private static readonly Dictionary<string, string> ByLanguage = new()
    {
        [".NET"] = "mcr.microsoft.com/dotnet/sdk:10.0",
        ["Node"] = "node:22",
        ["Python"] = "python:3.13",
        ["Go"] = "golang:1.25",
        ["Rust"] = "rust:1",
        ["Maven"] = "maven:3-eclipse-temurin-21",
        ["Gradle"] = "gradle:8-jdk21",
        ["PHP"] = "composer:2",
        ["Ruby"] = "ruby:3.4",
    };

    private readonly ConcurrentDictionary<string, string> _known = new();

    public string For(SandboxCommand command)
    {
        if ((command.Image ?? options.Image) is { } named)
            return named;
        // What a work tree began as stays: a file that the model adds is no reason for another pod.
        if (_known.TryGetValue(command.WorkTree, out var known))
            return known;
        var image = OfLanguage(command.WorkTree);
        return image == General ? image : _known.GetOrAdd(command.WorkTree, image);
    }

    /// <summary>What was found out about work trees below a folder is needed no more.</summary>
    public void Forget(string folder)
    {
        foreach (var workTree in _known.Keys.Where(path => path.StartsWith(folder + "/", StringComparison.Ordinal)))
            _known.TryRemove(workTree, out _);
    }

    /// <summary>By the outermost project whose language has an image.</summary>
    internal static string OfLanguage(string workTree) =>
        ProjectDetector.Detect(workTree, Everything, networkForTests: false)
            .Select(project => ByLanguage.GetValueOrDefault(project.Ecosystem))
            .FirstOrDefault(image => image is not null) ?? General;
}
