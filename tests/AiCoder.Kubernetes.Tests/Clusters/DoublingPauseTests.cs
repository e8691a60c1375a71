using AiCoder.Kubernetes.Clusters;

namespace AiCoder.Kubernetes.Tests.Clusters;

public sealed class DoublingPauseTests
{
    private readonly DoublingPause _pause = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));

    [Fact]
    public void Each_is_twice_as_long_as_the_one_before_up_to_the_longest_and_a_reset_begins_anew()
    {
        Assert.Equal([1, 2, 4, 5, 5], Enumerable.Range(0, 5).Select(_ => _pause.Next().TotalSeconds));
        _pause.Reset();
        Assert.Equal(1, _pause.Next().TotalSeconds);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(3, 3)]
    [InlineData(60, 5)]
    public void What_a_server_asks_for_makes_it_longer_and_never_shorter(int asked, int expected)
    {
        Assert.Equal(expected, _pause.Next(TimeSpan.FromSeconds(asked)).TotalSeconds);
        Assert.Equal(2, _pause.Next().TotalSeconds);
    }
}
