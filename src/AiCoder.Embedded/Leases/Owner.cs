namespace AiCoder.Embedded.Leases;

/// <summary>A host that runs tasks, as the journal knows it.</summary>
/// <param name="Id">Its id, made anew by every host.</param>
/// <param name="Process">The process it is in.</param>
/// <param name="ExpiresAt">Until when its lease holds, in unix milliseconds.</param>
internal sealed record Owner(string Id, ProcessIdentity Process, long ExpiresAt)
{
    /// <summary>Whether its tasks are still its own.</summary>
    public bool IsLive(long now) => ExpiresAt > now && !Process.IsKnownDead;
}
