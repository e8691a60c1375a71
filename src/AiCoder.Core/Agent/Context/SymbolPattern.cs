using System.Text.RegularExpressions;

namespace AiCoder.Core.Agent.Context;

/// <summary>
/// How a language's definitions look at the beginning of a line. It is a hint where to read, no parser: what it misses, or takes for
/// a definition by mistake, costs a line of the map. The engine does not backtrack, so no text makes it slow.
/// </summary>
internal sealed class SymbolPattern
{
    private const int LongestLine = 400;
    private const int MostInFile = 300;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    // What reads like a call or a definition in languages without a keyword for functions.
    private static readonly HashSet<string> NoNames = new(StringComparer.Ordinal)
    {
        "if", "else", "for", "foreach", "while", "do", "switch", "case", "catch", "try", "return", "throw", "new", "await", "yield", "using", "lock", "fixed", "with",
        "sizeof", "typeof", "function", "class", "in", "of", "and", "or", "not", "defined", "operator", "delete", "super", "this", "constructor",
    };

    private static readonly string[] NoBeginnings = ["return ", "new ", "else ", "throw ", "await ", "case ", "goto ", "using ", "var "];

    private readonly Lazy<Regex> _expression;

    /// <param name="pattern">Groups: <c>name</c>; <c>kind</c> where it is a type. Blanks and line ends count for nothing.</param>
    private SymbolPattern(string pattern) => _expression = new(() => new Regex(
        "^" + pattern.ReplaceLineEndings("").Replace(" ", "", StringComparison.Ordinal).Replace("%%", @"[ \t]*", StringComparison.Ordinal).Replace("%", @"[ \t]+", StringComparison.Ordinal),
        RegexOptions.Multiline | RegexOptions.NonBacktracking | RegexOptions.CultureInvariant,
        Bound));

    // In the patterns `%` stands for white space within a line, `%%` for white space that may be missing.
    public static SymbolPattern CSharp { get; } = new("""
        %%(?:
        (?:(?:public|internal|private|protected|static|sealed|abstract|partial|readonly|ref|file|unsafe|new)%)*
        (?<kind>class|interface|struct|enum|record(?:%class|%struct)?)%(?<name>[A-Za-z_]\w*)
        |(?:(?:public|internal|private|protected|static|override|virtual|abstract|async|sealed|extern|unsafe|partial|readonly|new)%)+
        (?:delegate%)?[\w.<>,\[\]?()\t\u0020]+?%(?<name>[A-Za-z_]\w*)%%(?:<[^<>()\n]*>)?\(
        )
        """);

    public static SymbolPattern Python { get; } = new(@"%%(?:async%)?(?:def|(?<kind>class))%(?<name>\w+)");

    public static SymbolPattern JavaScript { get; } = new("""
        (?:
        %%(?:export%)?(?:default%)?(?:declare%)?(?:abstract%)?(?:async%)?(?:const%)?
        (?:function\b[\t\u0020*]*|(?<kind>class|interface|enum|type|namespace)%)(?<name>[A-Za-z_$][\w$]*)
        |(?:export%)?(?:const|let|var)%(?<name>[A-Za-z_$][\w$]*)%%(?::[^=\n]+)?=%%(?:async\b%%)?(?:function\b|[A-Za-z_$][\w$]*%%=>|(?:<[^\n()]*>)?\([^()\n]*(?:\)[^=\n]*=>|\r?$))
        |(?:module\.)?exports\.(?<name>[A-Za-z_$][\w$]*)%%=
        |%(?:(?:public|private|protected|static|async|override|readonly|get|set)%)*\*?(?<name>[A-Za-z_$\#][\w$]*)%%(?:<[^\n()]*>)?\([^()\n]*\)%%(?::[^{\n]+)?\{
        )
        """);

    public static SymbolPattern Go { get; } = new("""
        (?:
        func%(?:\([^)\n]*\)%%)?(?<name>[A-Za-z_]\w*)
        |(?<kind>type)%(?<name>[A-Za-z_]\w*)
        |\t(?<name>[A-Za-z_]\w*)%(?<kind>struct|interface)\b
        )
        """);

    public static SymbolPattern Java { get; } = new("""
        %%(?:
        (?:(?:public|private|protected|static|final|abstract|sealed|non-sealed|strictfp)%)*
        (?<kind>class|interface|enum|record|@interface)%(?<name>[A-Za-z_]\w*)
        |(?:(?:public|private|protected|static|final|abstract|synchronized|native|default)%)+(?:<[^\n(]*>%)?[\w.<>,\[\]?\t\u0020]+?%(?<name>[A-Za-z_]\w*)%%\(
        |[A-Za-z_][\w.<>,\[\]]*%(?<name>[A-Za-z_]\w*)\([^;\n]*\)[^;\n]*\{
        )
        """);

    public static SymbolPattern Kotlin { get; } = new("""
        %%(?:(?:public|private|protected|internal|open|abstract|sealed|data|enum|annotation|inline|value|override|suspend|operator|infix|tailrec|external|const|companion|expect|actual|final|fun)%)*
        (?:(?<kind>class|interface|object|typealias)%(?<name>\w+)|fun%(?:<[^>\n]*>%%)?(?:[\w.<>?]+\.)?(?<name>\w+)%%\()
        """);

    public static SymbolPattern Rust { get; } = new("""
        %%(?:pub(?:\([^)\n]*\))?%)?(?:default%)?(?:const%)?(?:async%)?(?:unsafe%)?(?:extern%(?:"[^"\n]*"%)?)?
        (?:fn|(?<kind>struct|enum|trait|union|type|mod|macro_rules!))%(?<name>\w+)
        """);

    // Functions at the beginning of a line only: an indented one can't be told from a call.
    public static SymbolPattern C { get; } = new("""
        (?:
        %%(?:typedef%)?(?:template%%<[^\n]*>%%)?(?<kind>class|struct|enum(?:%class|%struct)?|union|namespace)%(?:[A-Z_]+%)?(?<name>[A-Za-z_]\w*)%%(?:final%%)?(?::[^;(\n]*)?\{?%%\r?$
        |[A-Za-z_][\w\t\u0020*&:<>,\[\]]*?[\t\u0020*&]+(?:[A-Za-z_]\w*::)*(?<name>~?[A-Za-z_]\w*)%%\([^;\n]*$
        |\#%%(?:define)%(?<name>[A-Za-z_]\w*)\(
        )
        """);

    public static SymbolPattern Php { get; } = new("""
        %%(?:(?:abstract|final|readonly|public|private|protected|static)%)*(?:function%&?|(?<kind>class|interface|trait|enum)%)(?<name>\w+)
        """);

    public static SymbolPattern Ruby { get; } = new("""
        %%(?:(?:(?:private|protected|public|module_function|private_class_method)%)?def%(?:self\.)?(?<name>[A-Za-z_]\w*[?!=]?)|(?<kind>class|module)%(?:\w+::)*(?<name>[A-Z]\w*))
        """);

    public static SymbolPattern Shell { get; } = new(@"%%(?:function%(?<name>[\w:.-]+)|(?<name>[A-Za-z_][\w:.-]*)%%\(\))");

    /// <summary>The definitions in a text, in order.</summary>
    public IEnumerable<SymbolPlace> Find(string text)
    {
        var (line, at, found) = (1, 0, 0);
        for (var match = Next(text, 0); match is { Success: true } && found < MostInFile; match = Next(text, match.Index + Math.Max(match.Length, 1)))
        {
            line += text.AsSpan(at, match.Index - at).Count('\n');
            at = match.Index;
            var name = match.Groups["name"];
            if (match.Length > LongestLine || NoNames.Contains(name.Value) || BeginsOtherwise(match.ValueSpan.TrimStart()))
                continue;
            found++;
            yield return new(name.Value, match.Groups["kind"] is { Success: true } kind ? kind.Value : null, line, match.Index);
        }
    }

    private static bool BeginsOtherwise(ReadOnlySpan<char> line)
    {
        foreach (var beginning in NoBeginnings)
        {
            if (line.StartsWith(beginning, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private Match? Next(string text, int start)
    {
        try
        {
            return start < text.Length ? _expression.Value.Match(text, start) : null;
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
    }
}

/// <summary>Where something is defined in a text.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">The keyword where it is a type; null: a function or method.</param>
/// <param name="Line">From 1.</param>
/// <param name="Index">The character that the line begins at.</param>
internal readonly record struct SymbolPlace(string Name, string? Kind, int Line, int Index);
