using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation;

/// <summary>What a preparation left, in the epoch's <c>prepared</c> file.</summary>
/// <param name="Fingerprint">Of the commands and of the manifests they read.</param>
/// <param name="Folders">What they made, relative to the work tree; where one is gone, the preparation is too.</param>
/// <param name="Reports">What is said about them again.</param>
internal sealed record PreparedWorkTree(string Fingerprint, IReadOnlyList<string> Folders, IReadOnlyList<CommandReport> Reports);
