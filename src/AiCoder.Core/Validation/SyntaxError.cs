namespace AiCoder.Core.Validation;

/// <summary>Why a file can't be parsed.</summary>
/// <param name="Message">In the parser's words.</param>
/// <param name="Line">Where it stumbled, from 1; null: it didn't say.</param>
internal sealed record SyntaxError(string Message, int? Line);
