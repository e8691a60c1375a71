namespace AiCoder.Core.Configuration;

/// <summary>How models are given their tools and call them.</summary>
public enum ToolCallMode
{
    /// <summary>By the endpoint's own tool calls; as text where it does not take them, or its model does not use them.</summary>
    Auto,

    /// <summary>By the endpoint's own tool calls only.</summary>
    Native,

    /// <summary>As text only.</summary>
    Text,
}
