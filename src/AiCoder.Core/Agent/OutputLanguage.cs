namespace AiCoder.Core.Agent;

/// <summary>In which language the model writes what people read: plan, summary, answers.</summary>
internal static class OutputLanguage
{
    /// <summary>As part of a sentence for the model.</summary>
    /// <param name="tag">The operator's OUTPUT_LANGUAGE (BCP 47); null: none was set.</param>
    public static string Describe(string? tag)
    {
        if (tag is null)
            return "the language of the task";
        return Name(tag) is { } name ? $"{name} ({tag})" : $"the language {tag} (BCP 47)";
    }

    // Names help weak models; any other tag they get as it is.
    private static string? Name(string tag)
    {
        var parts = tag.ToLowerInvariant().Split('-');
        return parts[0] switch
        {
            "zh" => parts.Any(part => part is "hant" or "tw" or "hk" or "mo") ? "Traditional Chinese" : "Simplified Chinese",
            "en" => "English",
            "ja" => "Japanese",
            "ko" => "Korean",
            "de" => "German",
            "fr" => "French",
            "es" => "Spanish",
            "pt" => "Portuguese",
            "it" => "Italian",
            "nl" => "Dutch",
            "pl" => "Polish",
            "ru" => "Russian",
            "uk" => "Ukrainian",
            "tr" => "Turkish",
            "vi" => "Vietnamese",
            "th" => "Thai",
            "ar" => "Arabic",
            "hi" => "Hindi",
            _ => null,
        };
    }
}
