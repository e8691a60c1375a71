using AiCoder.Core.Configuration;
using AiCoder.Core.Models;
using AiCoder.Demo;

namespace AiCoder.Core.Tests.Agent.Misbehaviour;

/// <summary>Something that a model or its endpoint does, and what must come of it.</summary>
/// <param name="Name">What it does, as a sentence.</param>
/// <param name="Replies">What is answered, request by request; another request than these fails the task.</param>
internal sealed record Misbehaviour(string Name, params IReadOnlyList<ScriptedReply> Replies)
{
    public const string Done = "done";
    public const string Broken = "def add(a, b):\n    return a - b\n";
    public const string Fixed = "def add(a, b):\n    return a + b\n";

    /// <summary>Instead of <see cref="Replies"/>: an endpoint that looks at what it is asked.</summary>
    public Func<ScriptedRequest, ScriptedReply>? Endpoint { get; init; }

    /// <summary>How it ends: done, or a failure's code.</summary>
    public string Ends { get; init; } = Done;

    /// <summary>How many requests it takes; as many as there are replies, where nothing is said.</summary>
    public int Requests { get => field == 0 ? Replies.Count : field; init; }

    /// <summary>What <c>src/calc.py</c> holds in the end.</summary>
    public string Calc { get; init; } = Fixed;

    /// <summary>Further files in the end; null: there must be none of that name.</summary>
    public IReadOnlyDictionary<string, string?> Files { get; init; } = new Dictionary<string, string?>();

    /// <summary>What the model was told in the last message of a request.</summary>
    public string? Told { get; init; }

    /// <summary>Which request that was, from 1.</summary>
    public int ToldIn { get; init; } = 2;

    /// <summary>What stands in no request.</summary>
    public string? NeverSaid { get; init; }

    /// <summary>Part of the failure's message.</summary>
    public string? Says { get; init; }

    /// <summary>The failures that pass, one for each time that the workflow calls again.</summary>
    public IReadOnlyList<string> Passing { get; init; } = [];

    public ToolCallMode ToolCalls { get; init; } = ToolCallMode.Auto;

    /// <summary>The form of the last answer.</summary>
    public ToolCallForm Form { get; init; } = ToolCallForm.Native;

    public ModelTimeouts? Timeouts { get; init; }

    /// <summary>Anything else that must hold of what was asked.</summary>
    public Action<IReadOnlyList<ScriptedRequest>>? Asked { get; init; }

    public override string ToString() => Name;
}
