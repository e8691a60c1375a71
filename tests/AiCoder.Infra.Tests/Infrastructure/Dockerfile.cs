using System.Text.Json;
using System.Text.RegularExpressions;

namespace AiCoder.Infra.Tests.Infrastructure;

/// <summary>What a Dockerfile says about the image that comes out of it: its last stage.</summary>
internal sealed partial class Dockerfile
{
    private readonly List<(string Name, string Arguments)> _last;

    private Dockerfile(List<(string Name, string Arguments)> instructions)
    {
        Instructions = instructions;
        _last = [.. instructions.Skip(instructions.FindLastIndex(instruction => instruction.Name == "FROM"))];
    }

    public IReadOnlyList<(string Name, string Arguments)> Instructions { get; }

    /// <summary>User and group of the entry point.</summary>
    public string User => _last.Last(instruction => instruction.Name == "USER").Arguments;

    public string[] EntryPoint => JsonSerializer.Deserialize<string[]>(_last.Last(instruction => instruction.Name == "ENTRYPOINT").Arguments)!;

    public Dictionary<string, string> Environment =>
        _last.Where(instruction => instruction.Name == "ENV")
            .SelectMany(instruction => Assignment().Matches(instruction.Arguments))
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);

    /// <summary>Every shell script of a RUN.</summary>
    public IEnumerable<string> Runs => Instructions.Where(instruction => instruction.Name == "RUN").Select(instruction => instruction.Arguments);

    public static Dockerfile Read(string path)
    {
        var text = string.Join('\n', File.ReadLines(path).Where(line => !line.TrimStart().StartsWith('#')));
        var instructions = Continuation().Replace(text, " ").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(' ', 2, StringSplitOptions.TrimEntries))
            .Select(parts => (parts[0], parts[1]));
        return new([.. instructions]);
    }

    [GeneratedRegex(@"\\\n\s*")]
    private static partial Regex Continuation();

    [GeneratedRegex(@"(\w+)=(\S*)")]
    private static partial Regex Assignment();
}
