namespace AiCoder.Core.Git;

/// <summary>The server answered with a redirect, which git was told not to follow.</summary>
internal sealed class RedirectedException : Exception
{
    public RedirectedException()
        : base("The server answered with a redirect.")
    {
    }
}
