using AiCoder.Core.Validation;

namespace AiCoder.Core.Tests.Validation;

public sealed class FailedTestNamesTests
{
    [Theory]
    [InlineData("FAILED tests/test_a.py::TestX::test_y[a b] - assert 1 == 2", "tests/test_a.py::TestX::test_y[a b]")]
    [InlineData("ERROR tests/test_a.py - ImportError: x", "tests/test_a.py")]
    [InlineData("FAIL: test_a (tests.test_x.T.test_a)", "test_a (tests.test_x.T.test_a)")]
    [InlineData("    not ok 2 - adds numbers", "adds numbers")]
    [InlineData("  ✖ adds numbers (1.25ms)", "adds numbers")]
    [InlineData("    --- FAIL: TestAdd/two (0.00s)", "TestAdd/two")]
    [InlineData("FAIL\texample.com/a [build failed]", "example.com/a")]
    [InlineData("test tests::adds ... FAILED", "tests::adds")]
    [InlineData("  Failed Calc.Tests.Adds(a: 1) [12 ms]", "Calc.Tests.Adds(a: 1)")]
    [InlineData("[xUnit.net 00:00:00.30]     Calc.Tests.Adds [FAIL]", "Calc.Tests.Adds")]
    [InlineData("  ● Calc › adds", "Calc › adds")]
    [InlineData("\u001b[31mFAIL\u001b[0m src/a.test.ts > calc > adds", "src/a.test.ts > calc > adds")]
    [InlineData("[ERROR] com.a.CalcTest.adds -- Time elapsed: 0.01 s <<< FAILURE!", "com.a.CalcTest.adds")]
    [InlineData("CalcTest > adds() FAILED", "CalcTest > adds()")]
    [InlineData("\t  2 - adds (Failed)", "adds")]
    [InlineData("1) App\\CalcTest::testAdds", "App\\CalcTest::testAdds")]
    [InlineData("rspec ./spec/a_spec.rb:12 # Calc adds", "Calc adds")]
    public void The_name_is_read_from_what_the_runner_prints(string line, string name) =>
        Assert.Equal([name], FailedTestNames.In($"some text\n{line}\nmore text\n"));

    [Theory]
    [InlineData("not ok 1 - later # TODO not yet")]
    [InlineData("✖ failing tests:")]
    [InlineData("ok 1 - adds")]
    [InlineData("test tests::adds ... ok")]
    [InlineData("[ERROR] Tests run: 1, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.05 s <<< FAILURE! -- in CalcTest")]
    public void Other_lines_name_no_failed_test(string line) => Assert.Empty(FailedTestNames.In(line));
}
