namespace Microsoft.DurableTask.Client;

// Microsoft.DurableTask.Client.

public sealed class SerializedData
{
    private SerializedData()
    {
    }
}
