using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Sources;

public sealed class NewestTests
{
    // So many that the first hear of it while the last are still to be told.
    private const int Subscribers = 20_000;

    [Fact]
    public async Task Whoever_is_told_of_the_next_value_finds_it()
    {
        var newest = new Newest<object>(static _ => { });
        var (token, all) = (newest.GetChangeToken(), new TaskCompletionSource());
        var told = 0;
        var early = 0;
        for (var i = 0; i < Subscribers; i++) token.RegisterChangeCallback(_ => Hear(), null);

        newest.Publish("next");
        await all.Task.WaitAsync(HangLimit.OfATest);
        Assert.Equal(0, early);

        void Hear()
        {
            if (newest.Value is null) Interlocked.Increment(ref early);
            if (Interlocked.Increment(ref told) == Subscribers) all.SetResult();
        }
    }
}
