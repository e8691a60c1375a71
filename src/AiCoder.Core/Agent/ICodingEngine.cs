using AiCoder.Core.Activities;

namespace AiCoder.Core.Agent;

/// <summary>Who does the coding of a batch: our own loop, or another agent.</summary>
internal interface ICodingEngine
{
    /// <summary>
    /// Goes on from where <see cref="CodingRecord"/> says it is, in a work tree that is prepared and stands at its newest snapshot.
    /// Records each step before the next, and ends the batch there.
    /// </summary>
    Task<CodeOutput> RunAsync(CodingTexts texts, CancellationToken cancellationToken);
}
