using System.Text.RegularExpressions;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation.Ecosystems;

internal sealed partial class PythonEcosystem : IEcosystem
{
    private static readonly string[] Manifests = ["pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile", "tox.ini", "pytest.ini", "manage.py"];

    private static readonly string[] Requirements =
    [
        "requirements.txt", "requirements-dev.txt", "requirements-test.txt", "requirements_dev.txt", "requirements_test.txt",
        "dev-requirements.txt", "test-requirements.txt", "requirements/dev.txt", "requirements/test.txt",
    ];

    public string Name => "Python";

    public Project? Detect(ProjectFolder folder)
    {
        var tests = folder.Deep.Where(file => TestFile().IsMatch(file)).ToList();
        // A folder of scripts or tests without a manifest counts at the root only: below it, some project or none is in charge.
        if (!Manifests.Any(folder.Has) && !(folder.Directory == "." && (tests.Count > 0 || folder.Find("*.py") is not null)))
            return null;

        var check = Check(folder, tests);
        return new()
        {
            Ecosystem = Name,
            Directory = folder.Directory,
            Prepare = Prepare(folder, check),
            Checks = check is null ? [] : [new(check, "python3")],
            NoTests = check is null ? "no Python test files" : null,
        };
    }

    private static string? Check(ProjectFolder folder, List<string> tests)
    {
        var configured = folder.Has("pytest.ini") || folder.Has("conftest.py")
            || folder.Read("pyproject.toml").Contains("[tool.pytest", StringComparison.Ordinal)
            || folder.Read("setup.cfg").Contains("[tool:pytest]", StringComparison.Ordinal)
            || folder.Read("tox.ini").Contains("[pytest]", StringComparison.Ordinal);
        if (folder.Has("manage.py") && !configured)
            return "python3 manage.py test --noinput";
        if (configured)
            return "python3 -m pytest";
        if (tests.Count == 0)
            return null;

        if (tests.Take(100).Select(folder.Read).Any(text => UsesPytest().IsMatch(text) || !text.Contains("unittest", StringComparison.Ordinal)))
            return "python3 -m pytest";

        var homes = tests.Select(file => file.Contains('/', StringComparison.Ordinal) ? file[..file.IndexOf('/', StringComparison.Ordinal)] : ".").Distinct().ToList();
        var pattern = tests.All(file => file.EndsWith("_test.py", StringComparison.Ordinal)) ? " -p '*_test.py'" : "";
        // Discovery from the root goes into packages only.
        return homes is [var home] && home != "." && !folder.Exists(home + "/__init__.py")
            ? $"python3 -m unittest discover -s {Shell.Quote(home)}{pattern}"
            : $"python3 -m unittest discover{pattern}";
    }

    private static IReadOnlyList<ProjectCommand> Prepare(ProjectFolder folder, string? check)
    {
        if (folder.Has("uv.lock") && folder.Programs.Contains("uv"))
            return [new("uv export --frozen --all-extras --no-hashes -o \"$TMPDIR/requirements.txt\" && python3 -m pip install --user -r \"$TMPDIR/requirements.txt\"", "uv", CommandPurpose.Prepare)];

        var parts = Requirements.Where(folder.Exists).Select(file => "-r " + file).ToList();
        var project = folder.Read("pyproject.toml");
        if (folder.Has("setup.py") || project.Contains("[project]", StringComparison.Ordinal) || project.Contains("[build-system]", StringComparison.Ordinal))
        {
            var extras = ExtraNames().Matches(project).Select(match => match.Groups[1].Value).Distinct().ToList();
            parts.Add(extras.Count > 0 ? $"-e '.[{string.Join(',', extras)}]'" : "-e .");
        }

        if (parts.Count == 0 && check != "python3 -m pytest")
            return [];
        // Into the task's home, so that every later command of the task finds it.
        var pytest = check == "python3 -m pytest" ? " pytest" : "";
        return [new($"python3 -m pip install --user {string.Join(' ', parts)}{pytest}".Replace("  ", " ", StringComparison.Ordinal), "python3", CommandPurpose.Prepare)];
    }

    [GeneratedRegex(@"(^|/)(test[^/]*|[^/]*_test)\.py$")]
    private static partial Regex TestFile();

    [GeneratedRegex(@"^\s*(import pytest|from pytest)", RegexOptions.Multiline)]
    private static partial Regex UsesPytest();

    [GeneratedRegex(@"^(test|tests|testing|dev)\s*=\s*\[", RegexOptions.Multiline)]
    private static partial Regex ExtraNames();
}
