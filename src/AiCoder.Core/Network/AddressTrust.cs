namespace AiCoder.Core.Network;

/// <summary>Who named an address.</summary>
public enum AddressTrust
{
    /// <summary>The operator: trusted, private addresses included; metadata addresses never.</summary>
    Operator,

    /// <summary>A caller: must be public, or match ALLOWED_NETWORKS.</summary>
    Caller,
}
