namespace AiCoder.Core.Agent;

/// <summary>What the model is told while coding, whichever engine asks it; secrets are taken out.</summary>
/// <param name="Language">In which language it writes what people read (<see cref="OutputLanguage"/>).</param>
/// <param name="Opening">Makes the iteration's first message, which takes a look at the whole repository.</param>
/// <param name="Reminder">Task and plan in short, for when they lie far back.</param>
internal sealed record CodingTexts(string Language, Func<string> Opening, string Reminder);
