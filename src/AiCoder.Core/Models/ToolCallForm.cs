using System.Text.Json.Serialization;

namespace AiCoder.Core.Models;

/// <summary>How a model is given its tools and calls them.</summary>
[JsonConverter(typeof(WireNameConverter<ToolCallForm>))]
public enum ToolCallForm
{
    /// <summary>The endpoint's own <c>tools</c> and <c>tool_calls</c>.</summary>
    Native,

    /// <summary>As text in the messages, for endpoints without.</summary>
    Text,
}
