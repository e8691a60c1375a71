namespace AiCoder.Core.Agent;

/// <summary>What the model is told while coding, with secrets taken out.</summary>
/// <param name="System">What it is and has to do.</param>
/// <param name="Opening">Makes the iteration's first message, which takes a look at the whole repository.</param>
/// <param name="Reminder">Task and plan in short, for when they lie far back.</param>
internal sealed record CodingTexts(string System, Func<string> Opening, string Reminder);
