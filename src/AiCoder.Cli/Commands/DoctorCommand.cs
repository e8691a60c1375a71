using System.Text.Json.Nodes;
using AiCoder.Cli.Diagnosis;
using AiCoder.Cli.Terminal;
using AiCoder.Core;

namespace AiCoder.Cli.Commands;

/// <summary><c>doctor</c>: what this machine and configuration lack, and how to mend it.</summary>
internal static class DoctorCommand
{
    public static async Task<int> RunAsync(CommandConsole console, bool json, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        await foreach (var finding in Doctor.ExamineAsync(console, cancellationToken))
        {
            findings.Add(finding);
            if (!json)
                Print(console, finding);
        }

        if (json)
        {
            var report = new JsonArray([.. findings.Select(finding => (JsonNode)new JsonObject
            {
                ["name"] = finding.Name,
                ["level"] = AiCoderJson.NameOf(finding.Level),
                ["detail"] = finding.Detail,
                ["mend"] = finding.Mend,
            })]);
            console.Out.WriteLine(report.ToJsonString(AiCoderJson.Indented));
        }

        return findings.Any(finding => finding.Level == FindingLevel.Fail) ? ExitCodes.Failed : ExitCodes.Completed;
    }

    private static void Print(CommandConsole console, Finding finding)
    {
        var (word, colour) = finding.Level switch
        {
            FindingLevel.Ok => ("ok", "32"),
            FindingLevel.Warn => ("warn", "33"),
            FindingLevel.Fail => ("FAIL", "31"),
            _ => ("skipped", "90"),
        };
        var mark = console.OutputHasColour ? $"\e[{colour}m{word,-7}\e[0m" : $"{word,-7}";
        var lines = finding.Detail.Split('\n').Select(line => ProgressText.OneLine(line, int.MaxValue)).ToList();
        console.Out.WriteLine($"{mark}  {finding.Name,-13} {lines[0]}");
        foreach (var line in lines.Skip(1))
            console.Out.WriteLine($"{"",-9}{"",-13} {line}");
        if (finding.Mend is { } mend)
            console.Out.WriteLine($"{"",-9}{"",-13} → {mend}");
    }
}
