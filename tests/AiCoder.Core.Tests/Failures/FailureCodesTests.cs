using AiCoder.Core.Failures;

namespace AiCoder.Core.Tests.Failures;

public sealed class FailureCodesTests
{
    [Fact]
    public void Only_network_and_storage_failures_are_tried_again() =>
        Assert.Equal(
            ["host_not_found", "rate_limited", "refused", "reset", "server_error", "storage_unavailable", "timeout"],
            FailureCodes.All.Where(FailureCodes.IsRetryable).Order());

    [Fact]
    public void A_code_outside_the_table_is_refused() =>
        Assert.Throws<ArgumentException>(() => Failure.Of("no_such_code", "x"));
}
