using System.Text;

namespace AiCoder.Core.Tools;

/// <summary>Forms of punctuation that models exchange for one another without noticing.</summary>
internal static class Punctuation
{
    /// <summary>The text with plain ASCII forms in their place; invisible characters are gone.</summary>
    public static string Simplify(string text)
    {
        if (text.All(char.IsAscii))
            return text;
        var plain = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            switch (character)
            {
                case '\u2018' or '\u2019' or '\u201A' or '\u201B' or '\u2032':
                    plain.Append('\'');
                    break;
                case '\u201C' or '\u201D' or '\u201E' or '\u201F' or '\u2033' or '\u00AB' or '\u00BB':
                    plain.Append('"');
                    break;
                case (>= '\u2010' and <= '\u2015') or '\u2212':
                    plain.Append('-');
                    break;
                case '\u00A0' or '\u3000' or '\u202F' or (>= '\u2000' and <= '\u200A'):
                    plain.Append(' ');
                    break;
                case '\u2026':
                    plain.Append("...");
                    break;
                case '\u3002':
                    plain.Append('.');
                    break;
                case '\u3001':
                    plain.Append(',');
                    break;
                case '\u200B' or '\u200C' or '\u200D' or '\u2060' or '\uFEFF':
                    break;
                case >= '\uFF01' and <= '\uFF5E':
                    // Full-width forms stand in ASCII's order.
                    plain.Append((char)(character - 0xFEE0));
                    break;
                default:
                    plain.Append(character);
                    break;
            }
        }

        return plain.ToString();
    }
}
