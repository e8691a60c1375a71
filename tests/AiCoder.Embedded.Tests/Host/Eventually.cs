namespace AiCoder.Embedded.Tests.Host;

/// <summary>Waits for conditions.</summary>
internal static class Eventually
{
    public static Task IsTrueAsync(Func<bool> condition, string what) => IsTrueAsync(() => Task.FromResult(condition()), what);

    public static async Task IsTrueAsync(Func<Task<bool>> condition, string what)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(HostFixture.Bound);
        while (!await condition())
        {
            Assert.False(bound.IsCancellationRequested, $"It did not come to this: {what}.");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
