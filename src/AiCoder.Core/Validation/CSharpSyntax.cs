using System.Globalization;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace AiCoder.Core.Validation;

/// <summary>Parses C# in this process with the compiler's own parser, which resolves and runs nothing.</summary>
internal static class CSharpSyntax
{
    // The newest grammar: which version a project has is its build's business.
    private static readonly CSharpParseOptions File = new(LanguageVersion.Preview, DocumentationMode.None);
    private static readonly CSharpParseOptions Script = File.WithKind(SourceCodeKind.Script);

    /// <summary>The first error; null: there is none.</summary>
    public static SyntaxError? Check(string path, byte[] bytes)
    {
        var options = path.EndsWith(".csx", StringComparison.OrdinalIgnoreCase) ? Script : File;
        // Other encodings only spoil what stands in comments and literals.
        using var stream = new MemoryStream(bytes, writable: false);
        var tree = CSharpSyntaxTree.ParseText(SourceText.From(stream, Encoding.UTF8), options);
        var error = tree.GetDiagnostics().FirstOrDefault(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
        if (error is null)
            return null;
        var line = error.Location.GetLineSpan().StartLinePosition.Line + 1;
        return new(string.Create(CultureInfo.InvariantCulture, $"line {line}: {error.Id}: {error.GetMessage(CultureInfo.InvariantCulture)}"), line);
    }
}
