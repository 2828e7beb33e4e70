using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>What a resumed session does not bring: the intermediates that its client sent in the full handshake before. And who had better not resume one.</summary>
/// <remarks>
/// Thread-safe, and bounded. Nothing here lets anybody in: the intermediates are what a verification is given, as if the client had sent them again, and an address
/// decides between a full handshake and a shorter one.
/// </remarks>
internal sealed class ResumableClients(TimeProvider time, int capacity = 10_000)
{
    private const int MostSets = 1_000;

    // Of a verified client; what others send is not kept.
    private const int MostBytes = 16 * 1024;

    private readonly VerifiedBefore<ResumableClients, Sha256, X509Certificate2Collection> _sent = new(capacity);
    private readonly VerifiedBefore<ResumableClients, Sha256, X509Certificate2Collection> _sets = new(MostSets);
    private readonly RefusedAddresses _refused = new(time);

    /// <summary>Says whether a client may resume a session. Not where one could be refused again and again for what is wrong with its old session alone.</summary>
    public bool MayResume(EndPoint? remote) => remote is IPEndPoint ip && !_refused.Contains(ip.Address);

    /// <summary>Finds the intermediates of a client that now brings a leaf and nothing else.</summary>
    public X509Certificate2Collection? FindSent(X509Certificate2? leaf, X509Chain? chain) =>
        leaf is not null && chain is { ChainPolicy.ExtraStore.Count: 0 } ? _sent.Find(this, KeyOf(leaf)) : null;

    /// <summary>Keeps what a verified client has sent.</summary>
    public void Accepted(X509Certificate2 leaf, X509Certificate2Collection sent)
    {
        if (sent.Count == 0 || sent.Sum(static certificate => certificate.RawDataMemory.Length) > MostBytes) return;
        var (key, set) = (KeyOf(leaf), SetOf(sent));
        if (_sent.Find(this, key) != set) _sent.Remember(this, key, set);
    }

    /// <summary>Takes note of a client that was refused: the session may be why, and it would come with it for as long as its ticket lives.</summary>
    public void Refused(EndPoint? remote)
    {
        if (remote is IPEndPoint ip) _refused.Add(ip.Address);
    }

    private static Sha256 KeyOf(X509Certificate2 certificate) => Sha256.Of(certificate.RawDataMemory.Span);

    // Thousands of clients have the same few intermediates, which their connections dispose.
    private X509Certificate2Collection SetOf(X509Certificate2Collection sent)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var certificate in sent) hash.AppendData(certificate.RawDataMemory.Span);
        var key = Sha256.Of(hash.GetHashAndReset());
        if (_sets.Find(this, key) is { } known) return known;

        X509Certificate2Collection copies = [.. sent.Select(static certificate => X509CertificateLoader.LoadCertificate(certificate.RawDataMemory.Span))];
        _sets.Remember(this, key, copies);
        return copies;
    }
}
