namespace AiCoder.Core.Agent.Context;

/// <summary>A programming language, by a file's ending.</summary>
/// <param name="Name">As people call it.</param>
/// <param name="Symbols">How its definitions are found; null: they are not.</param>
internal sealed record SourceLanguage(string Name, SymbolPattern? Symbols = null)
{
    private static readonly SourceLanguage CSharp = new("C#", SymbolPattern.CSharp);
    private static readonly SourceLanguage Python = new("Python", SymbolPattern.Python);
    private static readonly SourceLanguage JavaScript = new("JavaScript", SymbolPattern.JavaScript);
    private static readonly SourceLanguage TypeScript = new("TypeScript", SymbolPattern.JavaScript);
    private static readonly SourceLanguage Kotlin = new("Kotlin", SymbolPattern.Kotlin);
    private static readonly SourceLanguage C = new("C", SymbolPattern.C);
    private static readonly SourceLanguage Header = new("C/C++", SymbolPattern.C);
    private static readonly SourceLanguage Cpp = new("C++", SymbolPattern.C);
    private static readonly SourceLanguage Shell = new("Shell", SymbolPattern.Shell);
    private static readonly SourceLanguage Css = new("CSS");
    private static readonly SourceLanguage Elixir = new("Elixir");

    private static readonly Dictionary<string, SourceLanguage> ByEnding = new(StringComparer.OrdinalIgnoreCase)
    {
        [".cs"] = CSharp, [".py"] = Python, [".pyi"] = Python, [".js"] = JavaScript, [".mjs"] = JavaScript, [".cjs"] = JavaScript, [".jsx"] = JavaScript,
        [".ts"] = TypeScript, [".mts"] = TypeScript, [".cts"] = TypeScript, [".tsx"] = TypeScript, [".vue"] = new("Vue", SymbolPattern.JavaScript),
        [".svelte"] = new("Svelte", SymbolPattern.JavaScript), [".go"] = new("Go", SymbolPattern.Go), [".rs"] = new("Rust", SymbolPattern.Rust),
        [".java"] = new("Java", SymbolPattern.Java), [".kt"] = Kotlin, [".kts"] = Kotlin, [".c"] = C, [".h"] = Header, [".cc"] = Cpp, [".cpp"] = Cpp, [".cxx"] = Cpp,
        [".hh"] = Cpp, [".hpp"] = Cpp, [".hxx"] = Cpp, [".php"] = new("PHP", SymbolPattern.Php), [".rb"] = new("Ruby", SymbolPattern.Ruby), [".sh"] = Shell, [".bash"] = Shell,
        [".fs"] = new("F#"), [".vb"] = new("Visual Basic"), [".scala"] = new("Scala"), [".swift"] = new("Swift"), [".html"] = new("HTML"), [".css"] = Css, [".scss"] = Css,
        [".sql"] = new("SQL"), [".lua"] = new("Lua"), [".dart"] = new("Dart"), [".ex"] = Elixir, [".exs"] = Elixir,
    };

    private static readonly Dictionary<string, SourceLanguage>.AlternateLookup<ReadOnlySpan<char>> Lookup = ByEnding.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The language of a file; null: none that is known.</summary>
    public static SourceLanguage? Of(string file) => Lookup.TryGetValue(Path.GetExtension(file.AsSpan()), out var language) ? language : null;
}
