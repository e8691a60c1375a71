namespace AiCoder.Core.Models;

/// <summary>The conversation is longer than the model takes. Whoever asked can shorten it and ask again.</summary>
public sealed class ContextTooLongException(string message) : Exception(message);
