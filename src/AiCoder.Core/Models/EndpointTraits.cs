namespace AiCoder.Core.Models;

/// <summary>
/// What one model at one address was found not to take, by its own word; learned once in a process. Every question is the cheaper for
/// it, and nothing is lost where it is forgotten.
/// </summary>
public sealed class EndpointTraits
{
    private volatile bool _usageRefused;
    private volatile bool _streamRefused;
    private volatile bool _toolsRefused;

    /// <summary><c>stream_options</c>: it tells no usage with a stream.</summary>
    public bool UsageRefused
    {
        get => _usageRefused;
        set => _usageRefused = value;
    }

    /// <summary><c>stream</c>: it answers whole only.</summary>
    public bool StreamRefused
    {
        get => _streamRefused;
        set => _streamRefused = value;
    }

    /// <summary><c>tools</c>: it is given them as text.</summary>
    public bool ToolsRefused
    {
        get => _toolsRefused;
        set => _toolsRefused = value;
    }
}
