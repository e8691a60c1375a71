namespace AiCoder.Core.Activities;

/// <summary>The six activities. The names stand in histories, so one that has shipped never changes.</summary>
public static class ActivityNames
{
    public const string Clone = "Clone";
    public const string Analyze = "Analyze";
    public const string Code = "Code";
    public const string Validate = "Validate";
    public const string Commit = "Commit";
    public const string Notify = "Notify";
}
