namespace AspNetSpiffe.Fuzz;

/// <summary>One reader under fire.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Seeds">Valid inputs, to be mutated.</param>
/// <param name="Alphabet">What new bytes are made of; empty means any byte.</param>
/// <param name="Read">Reads an input: true for accepted, false for refused. Whatever it throws is a finding.</param>
/// <param name="BytesPerInput">The most that reading may allocate: this, and <paramref name="BytesPerByte"/> for each byte of the input.</param>
/// <param name="BytesPerByte">See <paramref name="BytesPerInput"/>.</param>
internal sealed record Target(string Name, byte[][] Seeds, byte[] Alphabet, Func<byte[], bool> Read, long BytesPerInput, long BytesPerByte);
