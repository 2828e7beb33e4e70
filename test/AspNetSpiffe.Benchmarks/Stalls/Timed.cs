using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>One handshake of an open loop.</summary>
/// <param name="Server">With which of the servers.</param>
/// <param name="Due">When it was to begin.</param>
/// <param name="Begun">When it began: later, if the client's side was late.</param>
/// <param name="Ended">When its request was answered.</param>
/// <param name="Good">Whether the answer was 200.</param>
internal readonly record struct Timed(int Server, TimeSpan Due, TimeSpan Begun, TimeSpan Ended, bool Good)
{
    /// <summary>Gets the milliseconds from when it was due.</summary>
    public double Latency => (Ended - Due).TotalMilliseconds;

    /// <summary>Gets how many of them are the client's.</summary>
    public double Late => (Begun - Due).TotalMilliseconds;

    /// <summary>Gives it as a line, its times from a begin on.</summary>
    public string Line(TimeSpan begin) =>
        string.Create(CultureInfo.InvariantCulture, $"{Server}\t{(Due - begin).Ticks}\t{(Begun - begin).Ticks}\t{(Ended - begin).Ticks}\t{(Good ? 1 : 0)}");

    public static Timed Parse(string line)
    {
        var numbers = line.Split('\t').Select(part => long.Parse(part, CultureInfo.InvariantCulture)).ToArray();
        return new((int)numbers[0], new(numbers[1]), new(numbers[2]), new(numbers[3]), numbers[4] == 1);
    }
}
