namespace AiCoder.Server.Http;

/// <summary>The header <c>traceparent</c> (https://www.w3.org/TR/trace-context/, version 00).</summary>
internal static class TraceParent
{
    /// <summary>Whether it can be taken: what is malformed counts as not sent.</summary>
    public static bool IsWellFormed(string value)
    {
        var parts = value.Split('-');
        return parts is ["00", { Length: 32 } trace, { Length: 16 } parent, { Length: 2 } flags]
            && parts.All(part => part.All(letter => char.IsAsciiDigit(letter) || letter is >= 'a' and <= 'f'))
            && trace.Any(letter => letter != '0')
            && parent.Any(letter => letter != '0')
            && flags.Length == 2;
    }
}
