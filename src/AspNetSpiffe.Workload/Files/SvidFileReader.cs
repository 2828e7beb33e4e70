using System.Security.Cryptography;
using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe;

/// <summary>Converts files into a message of the Workload API, which is then validated in the same way. Keeps the last valid content of the files of other trust domains, so that an invalid one does not affect our own identity.</summary>
internal sealed class SvidFileReader(SvidFiles files, TimeProvider time, SpiffeLimits limits, Action<string>? remarkLater)
{
    private readonly Dictionary<string, IReadOnlyList<SpiffeBundle>> _lastGood = new(StringComparer.Ordinal);
    private KnownCertificates _known = KnownCertificates.None;

    public Update<X509Context> ReadContext(FileSnapshot snapshot)
    {
        var remarks = new List<string>();
        try
        {
            var reader = new X509ContextReader(time, limits, _known, remarkLater);
            var context = reader.Read(ReadMessage(snapshot, remarks));
            remarks.AddRange(reader.Remarks);
            remarks.AddRange(FileModes.WarningsOf(files));
            context = context.WithRemarks(remarks);
            _known = KnownCertificates.Of(context);
            return new(context, null, remarks);
        }
        catch (FormatException e)
        {
            return new(null, e, remarks);
        }
    }

    /// <summary>Reads the keys for JWT-SVIDs, which only SPIFFE bundle documents contain.</summary>
    public Update<JwtBundleSet> ReadJwtBundles(FileSnapshot snapshot)
    {
        var remarks = new List<string>();
        try
        {
            var bundles = ReadBundles(snapshot, FindTrustDomain(snapshot), remarks).Values.Where(bundle => !bundle.Jwt.Authorities.IsEmpty).Select(bundle => bundle.Jwt).ToArray();
            return bundles.Length > 0
                ? new(new(bundles) { Remarks = [.. remarks] }, null, remarks)
                : throw new FormatException("None of the bundle files has a key for JWT-SVIDs. PEM cannot contain any: use SPIFFE bundle documents (JSON).");
        }
        catch (FormatException e)
        {
            return new(null, e, remarks);
        }
    }

    /// <summary>Reads the CA certificates of all trust domains, for a workload without an identity.</summary>
    public Update<X509BundleSet> ReadX509Bundles(FileSnapshot snapshot)
    {
        var remarks = new List<string>();
        try
        {
            var bundles = ReadBundles(snapshot, FindTrustDomain(snapshot), remarks).Values.Select(bundle => bundle.X509).ToArray();
            return bundles.Length > 0 ? new(new(bundles) { Remarks = [.. remarks] }, null, remarks) : throw new FormatException($"None of the files contains a bundle. {RemarkList.Join(remarks)}".TrimEnd());
        }
        catch (FormatException e)
        {
            return new(null, e, remarks);
        }
    }

    private TrustDomain? FindTrustDomain(FileSnapshot snapshot) => files.Certificate is not { } path ? null : InFile(path, () => X509SvidReader.ReadId(PemBlocks.ReadCertificates(snapshot.ContentOf(path))).TrustDomain);

    private X509SVIDResponse ReadMessage(FileSnapshot snapshot, List<string> remarks)
    {
        if (files is not { Certificate: { } certificate, Key: { } keyFile }) throw new FormatException("The settings name bundle files only and no certificate, so there is no identity.");
        var chain = InFile(certificate, () => PemBlocks.ReadCertificates(snapshot.ContentOf(certificate)));
        var id = InFile(certificate, () => X509SvidReader.ReadId(chain));
        var bundles = ReadBundles(snapshot, id.TrustDomain, remarks);
        if (!bundles.Remove(id.TrustDomain, out var own)) throw new FormatException($"No file contains the bundle of our own trust domain '{id.TrustDomain}'.");

        var key = InFile(keyFile, () => KeyPem.ReadPkcs8(snapshot.ContentOf(keyFile)));
        try
        {
            var svid = new X509SVID { SpiffeId = id.ToString(), X509Svid = ByteString.CopyFrom(chain), X509SvidKey = ByteString.CopyFrom(key), Bundle = DerOf(own) };
            var message = new X509SVIDResponse { Svids = { svid } };
            foreach (var (trustDomain, bundle) in bundles) message.FederatedBundles.Add(trustDomain.Id.ToString(), DerOf(bundle));
            return message;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private Dictionary<TrustDomain, SpiffeBundle> ReadBundles(FileSnapshot snapshot, TrustDomain? ours, List<string> remarks)
    {
        var bundles = new Dictionary<TrustDomain, SpiffeBundle>();
        if (ours is not null && files.Bundle is { } path) bundles.Add(ours, InFile(path, () => ReadBundle(ours, snapshot.ContentOf(path), remarks)));
        foreach (var (trustDomain, file) in snapshot.Bundles) Add(file, content => [ReadBundle(trustDomain, content, remarks)]);
        if (files.BundleMap is { } map) Add(map, content => ReadMap(content, remarks));
        return bundles;

        void Add(string file, Func<byte[], IReadOnlyList<SpiffeBundle>> read)
        {
            foreach (var bundle in ReadOrKeep(file, snapshot, read, remarks))
                if (!bundles.TryAdd(bundle.TrustDomain, bundle))
                    remarks.Add($"The bundle of '{bundle.TrustDomain}' in '{file}' is ignored: another file that comes first has one too.");
        }
    }

    private IReadOnlyList<SpiffeBundle> ReadOrKeep(string file, FileSnapshot snapshot, Func<byte[], IReadOnlyList<SpiffeBundle>> read, List<string> remarks)
    {
        try
        {
            return _lastGood[file] = InFile(file, () => read(snapshot.ContentOf(file)));
        }
        catch (FormatException e)
        {
            var hasOld = _lastGood.TryGetValue(file, out var old);
            remarks.Add($"{e.Message} {(hasOld ? "The last valid bundle of this file is kept." : "Its workloads are rejected.")}");
            return old ?? [];
        }
    }

    private static SpiffeBundle ReadBundle(TrustDomain trustDomain, byte[] content, List<string> remarks)
    {
        if (content.AsSpan().TrimStart(" \t\r\n"u8) is not [(byte)'{', ..])
        {
            var x509 = X509Bundle.Read(trustDomain, PemBlocks.ReadCertificates(content), out var leftOut);
            if (leftOut > 0) remarks.Add(X509Bundle.DescribeLeftOut(trustDomain, leftOut));
            return new(x509, new(trustDomain, []));
        }

        var bundle = SpiffeBundleJson.Read(trustDomain, content);
        remarks.AddRange(bundle.Remarks);
        return bundle;
    }

    private static IReadOnlyList<SpiffeBundle> ReadMap(byte[] content, List<string> remarks)
    {
        var map = SpiffeBundleMap.Parse(content);
        remarks.AddRange(map.Remarks);
        return [.. map];
    }

    private static ByteString DerOf(SpiffeBundle bundle) => ByteString.CopyFrom([.. bundle.X509.Authorities.SelectMany(authority => authority.RawData)]);

    private static T InFile<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (FormatException e) when (!e.Message.Contains($"'{path}'", StringComparison.Ordinal))
        {
            throw new FormatException($"'{path}': {e.Message}", e);
        }
    }
}
