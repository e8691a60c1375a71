namespace AiCoder.Core.Git;

/// <summary>One commit of a history.</summary>
public sealed record CommitSummary(string Id, string AuthorName, string AuthorEmail, DateTimeOffset When, string Message);
