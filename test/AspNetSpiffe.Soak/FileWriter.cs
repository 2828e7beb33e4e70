using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe.Soak;

/// <summary>Writes the identity that an agent gives to files, as those do who have no Workload API to offer: in place, renamed, or behind a symbolic link. And does it badly, when it is told to.</summary>
internal sealed class FileWriter : IDisposable
{
    private const string Certificate = "tls.crt";
    private const string Key = "tls.key";

    private readonly string _folder;
    private readonly X509Source _source;
    private readonly Random _random;
    private readonly IDisposable _subscription;
    private readonly Lock _lock = new();
    private int _generation;
    private bool _isHeld;

    public FileWriter(string folder, X509Source source, Random random)
    {
        (_folder, _source, _random) = (folder, source, random);
        Write();
        _subscription = ChangeToken.OnChange(source.GetChangeToken, Write);
    }

    /// <summary>Gets the settings of a workload that has its identity from these files.</summary>
    public IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        new("Spiffe:Files:Layout", "CertManager"),
        new("Spiffe:Files:Directory", _folder),
        new("Spiffe:Files:BundleMap", "bundles.json"),
    ];

    /// <summary>Writes half of a certificate, and the rest of all files much later.</summary>
    public Task TearAsync() => HoldAsync(() => File.WriteAllText(PathOf(Certificate), FilesNow()[Certificate][..200]));

    /// <summary>Deletes the key for a while.</summary>
    public Task RemoveAsync() => HoldAsync(() => File.Delete(PathOf(Key)));

    /// <summary>Writes the key of one SVID beside the certificate of another, and sets it right much later.</summary>
    public Task MixAsync() => HoldAsync(() =>
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(PathOf(Key), other.ExportPkcs8PrivateKeyPem());
    });

    public void Dispose() => _subscription.Dispose();

    private async Task HoldAsync(Action fault)
    {
        lock (_lock)
        {
            _isHeld = true;
            fault();
        }

        await Task.Delay(TimeSpan.FromSeconds(1 + (3 * _random.NextDouble())));
        lock (_lock) _isHeld = false;
        Write();
    }

    private void Write()
    {
        lock (_lock)
        {
            if (_isHeld) return;
            var files = FilesNow();
            Action<Dictionary<string, string>>[] ways = [Overwrite, Rename, Swap];
            ways[_random.Next(ways.Length)](files);
        }
    }

    private void Overwrite(Dictionary<string, string> files)
    {
        foreach (var (name, content) in files) File.WriteAllText(PathOf(name), content);
    }

    private void Rename(Dictionary<string, string> files)
    {
        foreach (var (name, content) in files)
        {
            File.WriteAllText(PathOf(name + ".new"), content);
            File.Move(PathOf(name + ".new"), PathOf(name), overwrite: true);
        }
    }

    // A folder for each generation, and a link for each name: the kubelet has one link for all names, which no other writer could share with it.
    private void Swap(Dictionary<string, string> files)
    {
        var next = Directory.CreateDirectory(PathOf($"..{_generation++}")).FullName;
        foreach (var (name, content) in files)
        {
            File.WriteAllText(Path.Combine(next, name), content);
            File.CreateSymbolicLink(PathOf(name + ".link"), Path.Combine(next, name));
            File.Move(PathOf(name + ".link"), PathOf(name), overwrite: true);
        }

        if (_generation > 1 && Directory.Exists(PathOf($"..{_generation - 2}"))) Directory.Delete(PathOf($"..{_generation - 2}"), recursive: true);
    }

    private Dictionary<string, string> FilesNow()
    {
        var context = _source.Current ?? throw new InvalidOperationException("There is no identity to write.");
        using var key = context.DefaultSvid.Leaf.GetECDsaPrivateKey()!;
        return new()
        {
            [Key] = key.ExportPkcs8PrivateKeyPem(),
            [Certificate] = Pem([context.DefaultSvid.Leaf, .. context.DefaultSvid.Intermediates]),
            ["ca.crt"] = Pem(context.Bundles.Find(context.TrustDomain)!.Authorities),
            ["bundles.json"] = System.Text.Encoding.UTF8.GetString(new SpiffeBundleMap(
                context.Bundles.Where(bundle => bundle.TrustDomain != context.TrustDomain).Select(bundle => new SpiffeBundle(bundle, new(bundle.TrustDomain, [])))).ToUtf8Json()),
        };
    }

    private static string Pem(IEnumerable<X509Certificate2> certificates) => string.Concat(certificates.Select(certificate => certificate.ExportCertificatePem() + "\n"));

    private string PathOf(string name) => Path.Combine(_folder, name);
}
