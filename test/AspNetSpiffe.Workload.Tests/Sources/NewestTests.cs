namespace AspNetSpiffe.Workload.Tests.Sources;

public sealed class NewestTests
{
    private const int Rounds = 5_000;

    [Fact]
    public async Task Whoever_sees_that_there_is_a_next_value_finds_it()
    {
        var newest = new Newest<object>(static _ => { });
        using var round = new Barrier(2);
        var late = Task.Factory.StartNew(Watch, TaskCreationOptions.LongRunning);
        for (var i = 0; i < Rounds; i++)
        {
            round.SignalAndWait();
            newest.Publish(i);
            round.SignalAndWait();
        }

        Assert.Equal(0, await late);

        // Reads the moment it is told, on a thread of its own: how often the value was still the one before.
        int Watch()
        {
            var missed = 0;
            for (var i = 0; i < Rounds; i++)
            {
                var token = newest.GetChangeToken();
                round.SignalAndWait();
                while (!token.HasChanged) Thread.SpinWait(1);
                if (newest.Value is not int value || value != i) missed++;
                round.SignalAndWait();
            }

            return missed;
        }
    }
}
