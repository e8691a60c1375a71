using System.Text;
using System.Text.Json;
using AiCoder.Core.Tasks;

namespace AiCoder.Cli.Requests;

/// <summary>Where <c>run</c> takes its task from: an argument, a file, standard input, or the environment.</summary>
internal static class RequestSource
{
    /// <summary>Reads the request.</summary>
    /// <param name="argument">JSON, <c>@file</c>, <c>-</c> for standard input, or null for the environment.</param>
    /// <param name="variable">Gives an environment variable's value, or null.</param>
    /// <exception cref="TaskRequestException">It can't be read or is not of a request's form.</exception>
    public static async Task<TaskRequest> ReadAsync(
        string? argument, Func<string, string?> variable, CancellationToken cancellationToken) => argument switch
    {
        null => FromEnvironment(variable),
        "-" => Parse(await ReadBoundedAsync(Console.OpenStandardInput(), "standard input", cancellationToken)),
        ['@', .. var path] => Parse(await ReadFileAsync(path, cancellationToken)),
        _ => Parse(argument),
    };

    /// <summary>
    /// Whether an argument can only be a request, so that <c>aicoder '{…}'</c> needs no command's name: an object, be it broken, or other
    /// JSON that was meant as one.
    /// </summary>
    public static bool LooksLikeRequest(string argument) =>
        argument.AsSpan().TrimStart() is ['{', ..] || (argument.AsSpan().TrimStart() is ['[' or '"', ..] && IsJson(argument));

    private static bool IsJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static TaskRequest FromEnvironment(Func<string, string?> variable)
    {
        var (repository, intent) = (Value("REPO_URL"), Value("TASK_INTENT"));
        if (repository is null && intent is null)
            throw Problem("There is no task: give it as JSON, like aicoder '{\"repo_url\": …, \"intent\": …}', or set REPO_URL and TASK_INTENT. 'aicoder --help' lists the commands, 'aicoder demo' shows one task.");

        var problems = new List<RequestProblem>();
        if (repository is null)
            problems.Add(new("repo_url", "REPO_URL is not set: the repository to work on, like https://gitlab.com/group/project.git."));
        if (intent is null)
            problems.Add(new("intent", "TASK_INTENT is not set: say in plain language what is to be changed."));
        return problems.Count == 0
            ? new() { TaskId = Value("TASK_ID"), RepoUrl = repository, Intent = intent }
            : throw new TaskRequestException(problems);

        string? Value(string name) => variable(name)?.Trim() is { Length: > 0 } value ? value : null;
    }

    private static TaskRequest Parse(string json) => TaskRequestReader.Read(json);

    private static async Task<string> ReadFileAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(path);
            return await ReadBoundedAsync(file, path, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Problem($"The request's file '{path}' can't be read: {exception.Message}");
        }
    }

    private static async Task<string> ReadBoundedAsync(Stream stream, string name, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            bytes.Write(buffer, 0, count);
            if (bytes.Length > TaskRequestReader.LargestRequest)
                throw Problem($"The request in {name} has more than {TaskRequestReader.LargestRequest} bytes.");
        }

        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.ToArray());
            return text.TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            throw Problem($"The request in {name} is not UTF-8; save it as UTF-8.");
        }
    }

    private static TaskRequestException Problem(string message) => new([new("", message)]);
}
