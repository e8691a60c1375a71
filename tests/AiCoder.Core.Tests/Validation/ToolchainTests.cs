using AiCoder.Core.Tasks;

namespace AiCoder.Core.Tests.Validation;

/// <summary>Small real projects of each kind, run by the machine's own toolchains in the sandbox without a network.</summary>
public sealed class ToolchainTests
{
    private const string PythonTest =
        """
        import unittest
        from calc import add
        class CalcTest(unittest.TestCase):
            def test_add(self):
                self.assertEqual(add(2, 3), 5)
        """;

    [Fact]
    public async Task Python_tests_pass_and_fail()
    {
        ValidationFixture.SkipWithout("python3");
        using var repository = new ValidationFixture(("calc.py", "def add(a, b):\n    return a + b\n"), ("test_calc.py", PythonTest));
        var baseline = await repository.BaselineAsync();
        Assert.Equal((Verdict.Passed, "python3 -m unittest discover"), (baseline.Verdict, Assert.Single(baseline.Commands).Command));

        var change = repository.Write("calc.py", "def add(a, b):\n    return a - b\n");
        var results = await repository.ChangesAsync(baseline, change);

        Assert.Equal(Verdict.Failed, results.Verdict);
        Assert.Contains("test_add (test_calc.CalcTest.test_add)", results.Reason, StringComparison.Ordinal);
        Assert.Contains("-1 != 5", results.Commands[^1].Output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(repository.Root, "__pycache__"));
    }

    [Fact]
    public async Task Python_tests_in_a_folder_that_is_no_package_are_found()
    {
        ValidationFixture.SkipWithout("python3");
        using var repository = new ValidationFixture(("calc.py", "def add(a, b):\n    return a + b\n"), ("tests/test_calc.py", PythonTest));
        var results = await repository.BaselineAsync();

        Assert.Equal(Verdict.Passed, results.Verdict);
        Assert.Contains("Ran 1 test", results.Commands[0].Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_tests_pass_and_fail()
    {
        ValidationFixture.SkipWithout("npm");
        using var repository = new ValidationFixture(
            ("package.json", """{"name": "a", "type": "module", "scripts": {"test": "node --test"}}"""),
            ("add.js", "export const add = (a, b) => a + b;\n"),
            ("add.test.js", "import test from 'node:test';\nimport assert from 'node:assert';\nimport { add } from './add.js';\ntest('adds', () => assert.equal(add(2, 3), 5));\n"));
        var baseline = await repository.BaselineAsync();
        Assert.Equal(Verdict.Passed, baseline.Verdict);

        var results = await repository.ChangesAsync(baseline, repository.Write("add.js", "export const add = (a, b) => a - b;\n"));
        Assert.Equal(Verdict.Failed, results.Verdict);
        Assert.Contains("adds", results.Commands[^1].FailedTests);
    }

    [Fact]
    public async Task Rust_tests_pass_and_fail()
    {
        ValidationFixture.SkipWithout("cargo");
        using var repository = new ValidationFixture(
            ("Cargo.toml", "[package]\nname = \"calc\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
            ("src/lib.rs", "pub fn add(a: i32, b: i32) -> i32 { a + b }\n#[test]\nfn adds() { assert_eq!(add(2, 3), 5); }\n"));
        var baseline = await repository.BaselineAsync();
        Assert.True(baseline.Verdict == Verdict.Passed, baseline.Reason + baseline.Commands[^1].Output);

        var results = await repository.ChangesAsync(
            baseline, repository.Write("src/lib.rs", "pub fn add(a: i32, b: i32) -> i32 { a - b }\n#[test]\nfn adds() { assert_eq!(add(2, 3), 5); }\n"));
        Assert.Equal((Verdict.Failed, "adds"), (results.Verdict, Assert.Single(results.Commands[^1].FailedTests)));
    }

    [Fact]
    public async Task Rust_crates_that_cannot_be_fetched_are_missing_dependencies()
    {
        ValidationFixture.SkipWithout("cargo");
        using var repository = new ValidationFixture(
            ("Cargo.toml", "[package]\nname = \"calc\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nserde = \"1\"\n"),
            ("src/lib.rs", "#[test]\nfn adds() { }\n"));
        var results = await repository.BaselineAsync();

        Assert.Equal(Verdict.NotRun, results.Verdict);
        Assert.Contains("dependencies missing", results.Reason, StringComparison.Ordinal);
        Assert.Contains("SANDBOX_NETWORK", results.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cmake_project_is_built_and_tested()
    {
        ValidationFixture.SkipWithout("cmake");
        using var repository = new ValidationFixture(
            ("CMakeLists.txt", "cmake_minimum_required(VERSION 3.10)\nproject(calc C)\nenable_testing()\nadd_executable(check check.c)\nadd_test(NAME adds COMMAND check)\n"),
            ("check.c", "int main(void) { return 2 + 3 == 5 ? 0 : 1; }\n"));
        var baseline = await repository.BaselineAsync();
        Assert.True(baseline.Verdict == Verdict.Passed, baseline.Reason + baseline.Commands[^1].Output);

        var results = await repository.ChangesAsync(baseline, repository.Write("check.c", "int main(void) { return 2 - 3 == 5 ? 0 : 1; }\n"));
        Assert.Equal((Verdict.Failed, "adds"), (results.Verdict, Assert.Single(results.Commands[^1].FailedTests)));
        Assert.Equal(["CMakeLists.txt", "check.c"], Directory.GetFiles(repository.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_makefile_with_a_test_target_is_run_and_a_compile_error_is_the_changes()
    {
        ValidationFixture.SkipWithout("make");
        ValidationFixture.SkipWithout("cc");
        using var repository = new ValidationFixture(
            ("Makefile", "test: check\n\t./check\ncheck: check.c\n\tcc -o check check.c\n"), ("check.c", "int main(void) { return 0; }\n"));
        var baseline = await repository.BaselineAsync();
        Assert.Equal((Verdict.Passed, "make test"), (baseline.Verdict, baseline.Commands[0].Command));

        var results = await repository.ChangesAsync(baseline, repository.Write("check.c", "int main(void) { return 0 }\n"));
        Assert.Equal(Verdict.Failed, results.Verdict);
        Assert.Contains("error: expected", results.Commands[^1].Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dotnet_library_without_tests_is_built_and_nothing_is_claimed_to_be_tested()
    {
        ValidationFixture.SkipWithout("dotnet");
        using var repository = new ValidationFixture(
            ("calc.csproj", $"<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><TargetFramework>net{Environment.Version.Major}.0</TargetFramework></PropertyGroup></Project>"),
            ("Calc.cs", "public static class Calc { public static int Add(int a, int b) => a + b; }\n"));
        var baseline = await repository.BaselineAsync();
        Assert.Equal(Verdict.NotRun, baseline.Verdict);
        Assert.Contains("no .NET test project", baseline.Reason, StringComparison.Ordinal);
        Assert.True(baseline.Commands[^1].Verdict == Verdict.Passed, baseline.Commands[^1].Output);

        var results = await repository.ChangesAsync(baseline, repository.Write("Calc.cs", "public static class Calc { int }\n"));
        Assert.Equal(Verdict.Failed, results.Verdict);
        Assert.Contains("error CS", results.Commands[^1].Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dotnet_packages_that_cannot_be_restored_are_missing_dependencies()
    {
        ValidationFixture.SkipWithout("dotnet");
        using var repository = new ValidationFixture(
            ("tests.csproj", $"<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><TargetFramework>net{Environment.Version.Major}.0</TargetFramework></PropertyGroup><ItemGroup><PackageReference Include=\"Microsoft.NET.Test.Sdk\" Version=\"17.0.0\" /></ItemGroup></Project>"));
        var results = await repository.BaselineAsync();

        Assert.Equal(Verdict.NotRun, results.Verdict);
        Assert.Contains("dependencies missing", results.Reason, StringComparison.Ordinal);
        Assert.All(results.Commands, report => Assert.NotEqual(Verdict.Failed, report.Verdict));
    }

    [Fact]
    public async Task A_maven_project_whose_plugins_cannot_be_fetched_has_missing_dependencies()
    {
        ValidationFixture.SkipWithout("mvn");
        using var repository = new ValidationFixture(
            ("pom.xml", "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>b</artifactId><version>1</version></project>"),
            ("src/main/java/A.java", "public class A { }\n"));
        var results = await repository.BaselineAsync();

        Assert.Equal(Verdict.NotRun, results.Verdict);
        Assert.Contains("dependencies missing", results.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_script_of_the_shell_is_run()
    {
        using var repository = new ValidationFixture(("test.sh", "[ \"$(cat value)\" = 5 ]\n"), ("value", "5\n"));
        var baseline = await repository.BaselineAsync();
        Assert.Equal((Verdict.Passed, "bash test.sh"), (baseline.Verdict, baseline.Commands[0].Command));

        Assert.Equal(Verdict.Failed, (await repository.ChangesAsync(baseline, repository.Write("value", "4\n"))).Verdict);
    }

    [Theory]
    [InlineData("go", "go.mod", "module a\n")]
    [InlineData("php", "phpunit.xml", "<phpunit/>")]
    [InlineData("ruby", "Rakefile", "task :test\n")]
    [InlineData("gradle", "build.gradle", "")]
    public async Task A_toolchain_that_is_not_there_is_said_and_is_no_failure(string program, string file, string content)
    {
        ValidationFixture.SkipWith(program);
        using var repository = new ValidationFixture((file, content));
        var results = await repository.ChangesAsync(null);

        Assert.Equal(Verdict.NotRun, results.Verdict);
        Assert.Contains($"toolchain missing: {program} is not installed", results.Reason, StringComparison.Ordinal);
    }
}
