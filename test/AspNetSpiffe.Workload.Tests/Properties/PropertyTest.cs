using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

// Quiet: the output is for the input that fails.
[assembly: Properties(MaxTest = 1000, QuietOnSuccess = true)]

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>A test of a reader beside an oracle.</summary>
public abstract class PropertyTest(ITestOutputHelper output) : IDisposable
{
    private int _drawn;
    private int _valid;

    /// <summary>Says that a reader takes what the oracle takes; that both verdicts came often enough to mean something is checked in the end.</summary>
    private protected Property Agree<T>(Arbitrary<T> inputs, Func<T, bool> reader, Func<T, bool> oracle) => Prop.ForAll(inputs, input =>
    {
        var expected = oracle(input);
        _drawn++;
        if (expected) _valid++;
        Assert.Equal(expected, reader(input));
    });

    public void Dispose()
    {
        if (_drawn == 0) return;
        output.WriteLine($"{_valid} of {_drawn} inputs are valid.");

        // A property that has failed drew fewer, and made them smaller.
        if (TestContext.Current.TestState?.Result != Xunit.TestResult.Failed) Assert.InRange(_valid, _drawn / 10, _drawn - (_drawn / 10));
    }
}
