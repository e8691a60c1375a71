namespace AiCoder.Server.Queue;

/// <summary>Whose a task is.</summary>
internal enum ClaimOutcome
{
    /// <summary>This journal's, now and whenever it is asked again.</summary>
    Mine,

    /// <summary>Another journal has the same task.</summary>
    SameElsewhere,

    /// <summary>Another journal has another task of that id.</summary>
    OtherElsewhere,
}
