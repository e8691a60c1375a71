using System.Text;
using AiCoder.Core.Processes;

namespace AiCoder.Core.Agent.Context;

/// <summary>
/// How much a stage is told of a repository before it looks itself. Counted as the bytes that a text takes in a request, which follow
/// its tokens better than its characters do: a Han character is three. A small repository is soon read, so it is told in little.
/// </summary>
internal sealed record ContextBudget
{
    // Up to here the whole first request, tools included, stays below 10 KB.
    private const int SmallRepository = 60;

    /// <summary>The tree.</summary>
    public required int Tree { get; init; }

    /// <summary>Definitions.</summary>
    public required int Symbols { get; init; }

    /// <summary>README, manifests.</summary>
    public int KeyFiles { get; init; }

    /// <summary>What the repository says to those who work in it.</summary>
    public int Instructions { get; init; }

    /// <summary>For the plan, in a repository of so many files.</summary>
    public static ContextBudget Analyzing(int files) => files <= SmallRepository
        ? new() { Tree = 2_000, Symbols = 1_500, KeyFiles = 3_000 }
        : new() { Tree = 8_000, Symbols = 4_000, KeyFiles = 4_000 };

    /// <summary>For carrying out the plan; what the plan says already needs no telling.</summary>
    public static ContextBudget Coding(int files) => files <= SmallRepository
        ? new() { Tree = 1_000, Symbols = 700, Instructions = 1_200 }
        : new() { Tree = 3_000, Symbols = 3_000, Instructions = 8_000 };

    /// <summary>The bytes that a text takes in a request's JSON.</summary>
    public static int SizeOf(string text) =>
        Encoding.UTF8.GetByteCount(text) + text.Count(character => character is '\n' or '"' or '\\');

    /// <summary>The text, or its head and its tail where it is too long.</summary>
    public static string Cut(string text, int size)
    {
        if (SizeOf(text) <= size)
            return text;
        var limit = (int)((long)text.Length * size / SizeOf(text));
        while (limit >= 2)
        {
            if (BoundedOutput.Cut(text, limit) is var cut && SizeOf(cut) <= size)
                return cut;
            limit = limit * 9 / 10;
        }

        return "";
    }
}
