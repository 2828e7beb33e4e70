using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

// Quiet: the output is for the input that fails.
[assembly: Properties(MaxTest = 1000, QuietOnSuccess = true)]

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>A test of a reader beside an oracle.</summary>
public abstract class PropertyTest(ITestOutputHelper output)
{
    /// <summary>Checks that a reader takes what the oracle takes, and that both verdicts came often enough to mean something.</summary>
    private protected void Agree<T>(Arbitrary<T> inputs, Func<T, bool> reader, Func<T, bool> oracle, int times = 2000)
    {
        var taken = 0;
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(times), Prop.ForAll(inputs, input =>
        {
            var expected = oracle(input);
            if (expected) taken++;
            Assert.Equal(expected, reader(input));
        }));

        output.WriteLine($"{taken} of {times} inputs are valid.");
        Assert.InRange(taken, times / 10, times - (times / 10));
    }
}
