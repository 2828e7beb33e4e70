using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using Xunit.Abstractions;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>A test of what holds for every input that can be drawn. Its output has the seed; a failure has the smallest input too.</summary>
/// <remarks>The seed is another one in each run; <c>PROPERTY_SEED=4711 dotnet test …</c> draws the same inputs again, but for keys and certificates.</remarks>
public abstract class PropertyTest(ITestOutputHelper output)
{
    private const string SeedVariable = "PROPERTY_SEED";

    private protected void ForAll<T>(Arbitrary<T> inputs, Action<T> holds, int times = 1000) => Check(Prop.ForAll(inputs, holds), times);

    private protected void ForAll<T>(Arbitrary<T> inputs, Func<T, Task> holds, int times = 1000) => Check(Prop.ForAll(inputs, holds), times);

    /// <summary>Checks that a reader takes what the oracle takes, and that both verdicts came often enough to mean something.</summary>
    private protected void Agree<T>(Arbitrary<T> inputs, Func<T, bool> reader, Func<T, bool> oracle, int times = 2000)
    {
        var taken = 0;
        ForAll(inputs, input =>
        {
            var expected = oracle(input);
            if (expected) taken++;
            Assert.Equal(expected, reader(input));
        }, times);

        output.WriteLine($"{taken} of {times} inputs are valid.");
        Assert.InRange(taken, times / 10, times - (times / 10));
    }

    private void Check(Property property, int times)
    {
        var seed = ulong.TryParse(Environment.GetEnvironmentVariable(SeedVariable), CultureInfo.InvariantCulture, out var chosen) ? chosen : (ulong)Random.Shared.NextInt64();
        output.WriteLine($"{SeedVariable}={seed}");
        FsCheck.Check.One($"{SeedVariable}={seed}", Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest(times).WithReplay(Repeat(seed)), property);
    }

    private static FSharpOption<Replay> Repeat(ulong seed) => FSharpOption<Replay>.Some(new Replay(new Rnd(seed), FSharpOption<int>.None));
}
