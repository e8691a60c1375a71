namespace AiCoder.Server.Tests.Queue;

/// <summary>Where a server is on its way from a message to a task.</summary>
public enum StoragePlace
{
    /// <summary>The queue has given the message out, and the server has not got it.</summary>
    AfterTheMessageWasTaken,

    /// <summary>The task is in the journal, and nobody has it.</summary>
    BeforeTheClaim,

    /// <summary>The claim is made, and its server does not know.</summary>
    AfterTheClaim,

    /// <summary>The task runs, and its message is still there.</summary>
    BeforeTheMessageIsDeleted,
}
