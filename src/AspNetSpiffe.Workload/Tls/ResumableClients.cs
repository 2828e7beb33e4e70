using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>What TLS session resumption takes: the intermediates of each client, which a resumed session does not bring, and the addresses that may not resume.</summary>
/// <remarks>
/// Thread-safe, and bounded. Nothing here accepts a peer: the intermediates are given to the verifier as if the client had sent them again, and an address
/// decides between a full handshake and a shorter one.
/// </remarks>
internal sealed class ResumableClients(TimeProvider time, int capacity = 10_000)
{
    private const int MostSets = 1_000;

    // Of a verified client; what a rejected one sends is not kept.
    private const int MostBytes = 16 * 1024;

    private readonly BoundedCache<Sha256, X509Certificate2Collection> _sent = new(capacity);
    private readonly BoundedCache<Sha256, X509Certificate2Collection> _sets = new(MostSets);
    private readonly RefusedAddresses _refused = new(time);

    /// <summary>Returns whether a client may resume a session: not one that was rejected recently, which could be rejected again and again because of its old session alone.</summary>
    public bool MayResume(EndPoint? remote) => remote is IPEndPoint ip && !_refused.Contains(ip.Address);

    /// <summary>Finds the intermediates of a client that now presents a leaf and nothing else.</summary>
    public X509Certificate2Collection? FindSent(X509Certificate2? leaf, X509Chain? chain) =>
        leaf is not null && chain is { ChainPolicy.ExtraStore.Count: 0 } && _sent.TryGet(KeyOf(leaf), out var sent) ? sent : null;

    /// <summary>Keeps what a verified client has sent.</summary>
    public void Accepted(X509Certificate2 leaf, X509Certificate2Collection sent)
    {
        if (sent.Count == 0 || sent.Sum(static certificate => certificate.RawDataMemory.Length) > MostBytes) return;
        _sent.Set(KeyOf(leaf), SetOf(sent));
    }

    /// <summary>Records a client that was rejected: its session may be the reason, and it would present that session for as long as its ticket lives.</summary>
    public void Refused(EndPoint? remote)
    {
        if (remote is IPEndPoint ip) _refused.Add(ip.Address);
    }

    private static Sha256 KeyOf(X509Certificate2 certificate) => Sha256.OfDer(certificate);

    // Thousands of clients have the same few intermediates, which their connections dispose.
    private X509Certificate2Collection SetOf(X509Certificate2Collection sent)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var certificate in sent) hash.AppendData(certificate.RawDataMemory.Span);
        var key = Sha256.Of(hash.GetHashAndReset());
        if (_sets.TryGet(key, out var known)) return known;

        X509Certificate2Collection copies = [.. sent.Select(static certificate => X509CertificateLoader.LoadCertificate(certificate.RawDataMemory.Span))];
        _sets.Set(key, copies);
        return copies;
    }
}
