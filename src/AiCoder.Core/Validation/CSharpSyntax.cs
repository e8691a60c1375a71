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

    // The parser follows some nestings by recursion without a look at its stack, whose overflow would end this process with all of its
    // tasks. A level takes at least a byte of the file, and less of the stack than there is for one. Only what is used is taken.
    private const int MaxLength = 64 << 10;
    private const int StackSize = 128 << 20;

    // Some of what nobody writes takes the square of its length; nothing but the parser's own looks can end it.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);
    private const int MostAtOnce = 16;
    private static int _running;

    /// <summary>The first error; null: there is none, or it can't be told in time.</summary>
    public static SyntaxError? Check(string path, byte[] bytes)
    {
        if (bytes.Length > MaxLength)
            return null;
        // Those that overran as well.
        if (Interlocked.Increment(ref _running) > MostAtOnce)
        {
            Interlocked.Decrement(ref _running);
            return null;
        }

        SyntaxError? error = null;
        var thread = new Thread(
            () =>
            {
                using var bound = new CancellationTokenSource(Bound);
                try
                {
                    error = Parse(path, bytes, bound.Token);
                }
                catch (Exception)
                {
                    // It can't be told in time, or at all; on a thread of its own an exception would be the end of this process.
                }
                finally
                {
                    Interlocked.Decrement(ref _running);
                }
            },
            StackSize) { IsBackground = true, Name = "C# parser" };
        thread.Start();
        return thread.Join(Bound + TimeSpan.FromSeconds(1)) ? error : null;
    }

    private static SyntaxError? Parse(string path, byte[] bytes, CancellationToken cancellationToken)
    {
        var options = path.EndsWith(".csx", StringComparison.OrdinalIgnoreCase) ? Script : File;
        // Other encodings only spoil what stands in comments and literals.
        using var stream = new MemoryStream(bytes, writable: false);
        var tree = CSharpSyntaxTree.ParseText(SourceText.From(stream, Encoding.UTF8), options, cancellationToken: cancellationToken);
        var error = tree.GetDiagnostics(cancellationToken).FirstOrDefault(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
        if (error is null)
            return null;
        var line = error.Location.GetLineSpan().StartLinePosition.Line + 1;
        return new(string.Create(CultureInfo.InvariantCulture, $"line {line}: {error.Id}: {error.GetMessage(CultureInfo.InvariantCulture)}"), line);
    }
}
