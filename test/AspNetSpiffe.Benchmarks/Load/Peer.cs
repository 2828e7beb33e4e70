namespace AspNetSpiffe.Benchmarks;

/// <summary>What a client presents, as OpenSSL holds it: a leaf, its key and its intermediates.</summary>
internal sealed record Peer(nint Leaf, nint Key, nint[] Intermediates)
{
    /// <summary>Reads what <see cref="Material"/> wrote.</summary>
    public static Peer[] ReadFile(string file)
    {
        using var reader = new BinaryReader(File.OpenRead(file));
        var key = OpenSsl.ReadKey(Bytes());
        var intermediates = new nint[reader.ReadInt32()];
        for (var i = 0; i < intermediates.Length; i++) intermediates[i] = OpenSsl.ReadCertificate(Bytes());

        var peers = new Peer[reader.ReadInt32()];
        for (var i = 0; i < peers.Length; i++) peers[i] = new(OpenSsl.ReadCertificate(Bytes()), key, intermediates);
        return peers;

        byte[] Bytes() => reader.ReadBytes(reader.ReadInt32());
    }
}
