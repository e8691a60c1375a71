using AiCoder.Core.Tasks;

namespace AiCoder.Core.Models;

/// <summary>A file of the <see cref="SpendingLedger"/>.</summary>
/// <param name="Host">The machine, for people.</param>
/// <param name="Process">The process, for people.</param>
/// <param name="UpdatedAt">When it was last written.</param>
/// <param name="Usage">All that the process spent on the day.</param>
internal sealed record SpentByProcess(string Host, int Process, DateTimeOffset UpdatedAt, Usage Usage);
