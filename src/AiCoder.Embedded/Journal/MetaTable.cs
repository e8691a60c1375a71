namespace AiCoder.Embedded.Journal;

/// <summary>The statements on <c>meta</c>.</summary>
internal static class MetaTable
{
    /// <summary>The journal's own id: 32 hex digits, made with it and never changed.</summary>
    public static string JournalId(JournalConnection connection) =>
        connection.Scalar<string>("SELECT value FROM meta WHERE name = 'journal_id'")!;
}
