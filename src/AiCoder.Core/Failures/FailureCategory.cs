using System.Text.Json.Serialization;

namespace AiCoder.Core.Failures;

/// <summary>The four kinds of failure that the specification names (section 8).</summary>
[JsonConverter(typeof(WireNameConverter<FailureCategory>))]
public enum FailureCategory
{
    /// <summary>An address could not be reached, or answered that it is overloaded.</summary>
    Network,

    /// <summary>A credential was refused or is missing.</summary>
    Authentication,

    /// <summary>The task itself can't be done as asked: repository, plan, change, validation, limits.</summary>
    Code,

    /// <summary>The machine or the operator's configuration stands in the way.</summary>
    System,
}
