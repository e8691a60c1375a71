using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Xml;
using AiCoder.Core.Tasks;
using YamlDotNet.Core;

namespace AiCoder.Core.Validation;

/// <summary>Parses JSON, YAML and XML files in this process: nothing of them runs.</summary>
internal static class DataSyntax
{
    private const long MaxLength = 4 << 20;

    // Broken on purpose, or not what the extension says before a program has filled it in.
    private static readonly string[] Exempt = ["fixtures", "__fixtures__", "testdata", "templates"];
    private static readonly string[] StrictJson = ["package.json", "package-lock.json", "composer.json", "global.json"];
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>One report over all of them; null where there is none.</summary>
    public static CommandReport? Check(string workTree, List<string> files)
    {
        var began = Stopwatch.GetTimestamp();
        var checkedFiles = new List<string>();
        var errors = new List<string>();
        foreach (var file in files.Where(file => !file.Split('/').Any(Exempt.Contains)))
        {
            Action<string, byte[]>? parse = Path.GetExtension(file).ToLowerInvariant() switch
            {
                ".json" => Json,
                ".yaml" or ".yml" => Yaml,
                ".xml" or ".csproj" or ".fsproj" or ".vbproj" or ".props" or ".targets" or ".resx" or ".slnx" => Xml,
                _ => null,
            };
            var info = new FileInfo(Path.Combine(workTree, file));
            if (parse is null || info.Length is 0 or > MaxLength)
                continue;

            checkedFiles.Add(file);
            try
            {
                parse(file, File.ReadAllBytes(info.FullName));
            }
            catch (Exception exception) when (exception is JsonException or YamlException or XmlException)
            {
                errors.Add($"{file}: {Describe(exception)}");
            }
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
                Output = ValidationCommands.Cut(string.Join('\n', errors), 6_000),
            };
    }

    private static string Describe(Exception exception) => exception switch
    {
        JsonException json => $"line {json.LineNumber + 1}: {json.Message}",
        YamlException yaml => $"line {yaml.Start.Line}: {yaml.Message}",
        _ => exception.Message,
    };

    private static void Json(string file, byte[] bytes)
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
    }

    private static void Yaml(string file, byte[] bytes)
    {
        string text;
        try
        {
            text = Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            // Another encoding; nothing to say about its grammar.
            return;
        }

        // Jinja, Helm and the like.
        if (text.Contains("{{", StringComparison.Ordinal) || text.Contains("{%", StringComparison.Ordinal))
            return;

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
    }

    private static void Xml(string file, byte[] bytes)
    {
        using var reader = XmlReader.Create(
            new MemoryStream(bytes), new() { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null });
        while (reader.Read())
        {
        }
    }
}
