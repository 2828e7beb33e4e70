using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Sources;

public sealed class NewestTests
{
    // So many that the first hear of it while the last are still to be told.
    private const int Subscribers = 5_000;
    private const int Rounds = 50;

    [Fact]
    public async Task Whoever_is_told_of_the_next_value_finds_it()
    {
        var newest = new Newest<object>(static _ => { });
        var early = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var (token, next, all, left) = (newest.GetChangeToken(), new object(), new TaskCompletionSource(), Subscribers);
            for (var i = 0; i < Subscribers; i++) token.RegisterChangeCallback(_ => Hear(), null);
            newest.Publish(next);
            await all.Task.WaitAsync(HangLimit.OfATest);

            void Hear()
            {
                if (newest.Value != next) Interlocked.Increment(ref early);
                if (Interlocked.Decrement(ref left) == 0) all.SetResult();
            }
        }

        Assert.Equal(0, early);
    }
}
