namespace AspNetSpiffe.TestKit;

/// <summary>Creates inputs of valid ones: a few bytes changed, taken out, put in, doubled, or two of them joined.</summary>
/// <param name="random">Draws. The same seed makes the same inputs.</param>
/// <param name="seeds">Valid inputs.</param>
/// <param name="alphabet">What new bytes are made of; empty means any byte.</param>
public sealed class Mutator(Random random, byte[][] seeds, byte[] alphabet)
{
    private const int MostChanges = 4;

    /// <summary>Creates the next input.</summary>
    public byte[] Next()
    {
        var input = seeds[random.Next(seeds.Length)];
        for (var i = random.Next(MostChanges + 1); i > 0; i--) input = Change(input);
        return input;
    }

    private byte[] Change(byte[] input)
    {
        var at = random.Next(input.Length + 1);
        var length = Math.Min(random.Next(1, 9), input.Length - at);
        return random.Next(7) switch
        {
            0 => [.. input[..at], NewByte(), .. input[at..]],
            1 => [.. input[..at], .. input[(at + length)..]],
            2 => [.. input[..at], .. input.AsSpan(at, length), .. input[at..]],
            3 => input[..at],
            4 => Splice(input, at),
            5 => Flip(input, at),
            _ => Replace(input, at),
        };
    }

    private byte[] Splice(byte[] input, int at)
    {
        var other = seeds[random.Next(seeds.Length)];
        return [.. input[..at], .. other[random.Next(other.Length + 1)..]];
    }

    private byte[] Flip(byte[] input, int at) => Set(input, at, b => (byte)(b ^ (1 << random.Next(8))));

    private byte[] Replace(byte[] input, int at) => Set(input, at, _ => NewByte());

    private static byte[] Set(byte[] input, int at, Func<byte, byte> change)
    {
        if (at == input.Length) return input;
        byte[] changed = [.. input];
        changed[at] = change(changed[at]);
        return changed;
    }

    private byte NewByte() => alphabet.Length == 0 ? (byte)random.Next(256) : alphabet[random.Next(alphabet.Length)];
}
