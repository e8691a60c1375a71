using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Xml;
using AiCoder.Core.Processes;
using AiCoder.Core.Tasks;
using YamlDotNet.Core;

namespace AiCoder.Core.Validation;

/// <summary>Parses JSON, YAML, XML and C# files in this process: nothing of them runs.</summary>
internal static class InProcessSyntax
{
    private const int MostOpenBrackets = 200;
    private static readonly string[] StrictJson = ["package.json", "package-lock.json", "composer.json", "global.json"];
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    // XML files name encodings that .NET knows only with these.
    static InProcessSyntax() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>Whether files of this name are parsed here.</summary>
    public static bool Knows(string path) => Parser(path) is not null;

    /// <summary>What is wrong with a file's bytes; null: nothing, or files of this name are not parsed here.</summary>
    public static SyntaxError? Check(string path, byte[] bytes)
    {
        if (bytes.Length is 0 or > SyntaxCheckers.MaxLength || Parser(path) is not { } parse)
            return null;
        try
        {
            return parse(path, bytes);
        }
        catch (JsonException exception)
        {
            return At((int)(exception.LineNumber ?? 0) + 1, exception.Message);
        }
        catch (YamlException exception)
        {
            return At((int)exception.Start.Line, exception.Message);
        }
        catch (XmlException exception)
        {
            return new(exception.Message, exception.LineNumber);
        }
    }

    /// <summary>One report over all of them; null where there is none.</summary>
    public static CommandReport? Check(string workTree, List<string> files)
    {
        var began = Stopwatch.GetTimestamp();
        var checkedFiles = new List<string>();
        var errors = new List<string>();
        foreach (var file in files.Where(Knows))
        {
            var info = new FileInfo(Path.Combine(workTree, file));
            if (info.Length is 0 or > SyntaxCheckers.MaxLength)
                continue;
            checkedFiles.Add(file);
            if (Check(file, File.ReadAllBytes(info.FullName)) is { } error)
                errors.Add($"{file}: {error.Message}");
        }

        return checkedFiles.Count == 0
            ? null
            : new()
            {
                Command = SyntaxChecks.Title("parse", checkedFiles),
                Purpose = CommandPurpose.Syntax,
                ExitCode = errors.Count == 0 ? 0 : 1,
                DurationSeconds = Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 3),
                Verdict = errors.Count == 0 ? Verdict.Passed : Verdict.Failed,
                Reason = errors.Count == 0 ? null : "syntax errors",
                Output = BoundedOutput.Cut(string.Join('\n', errors), 6_000),
            };
    }

    private static Func<string, byte[], SyntaxError?>? Parser(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".json" or ".ipynb" or ".geojson" => Json,
        ".yaml" or ".yml" => Yaml,
        ".xml" or ".csproj" or ".fsproj" or ".vbproj" or ".props" or ".targets" or ".resx" or ".slnx" or ".nuspec" or ".xsd"
            or ".xsl" or ".xslt" or ".xaml" or ".axaml" => Xml,
        _ => null,
    };

    private static SyntaxError At(int line, string message) => new(string.Create(CultureInfo.InvariantCulture, $"line {line}: {message}"), line);

    private static SyntaxError? Json(string file, byte[] bytes)
    {
        var strict = StrictJson.Contains(Path.GetFileName(file));
        var start = bytes.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? 3 : 0;
        // Many tools take comments and trailing commas in their own .json files.
        using var document = JsonDocument.Parse(
            bytes.AsMemory(start),
            new()
            {
                AllowTrailingCommas = !strict,
                CommentHandling = strict ? JsonCommentHandling.Disallow : JsonCommentHandling.Skip,
                MaxDepth = 512,
            });
        return null;
    }

    private static SyntaxError? Yaml(string file, byte[] bytes)
    {
        string text;
        try
        {
            text = Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            // Another encoding; nothing to say about its grammar.
            return null;
        }

        // Jinja, Helm and the like.
        if (text.Contains("{{", StringComparison.Ordinal) || text.Contains("{%", StringComparison.Ordinal))
            return null;
        // The parser looks at every open bracket again for each new one: a file of nothing else would keep it busy for hours.
        if (IsNestedDeeperThan(MostOpenBrackets, text))
            return null;

        var parser = new Parser(new StringReader(text));
        try
        {
            while (parser.MoveNext())
            {
            }
        }
        catch (InvalidOperationException exception)
        {
            // Some mistakes leave its scanner without a word for them.
            throw new YamlException(parser.Current?.End ?? Mark.Empty, Mark.Empty, "the file is not well-formed from here on", exception);
        }

        return null;
    }

    private static bool IsNestedDeeperThan(int most, string text)
    {
        var open = 0;
        foreach (var character in text)
        {
            if (character is '[' or '{')
                open++;
            else if (character is ']' or '}' && open > 0)
                open--;
            if (open > most)
                return true;
        }

        return false;
    }

    private static SyntaxError? Xml(string file, byte[] bytes)
    {
        using var reader = XmlReader.Create(
            new MemoryStream(bytes), new() { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null });
        while (reader.Read())
        {
        }

        return null;
    }
}
