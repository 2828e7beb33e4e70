using System.Buffers;
using System.Collections;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>The bundles of several trust domains in one document (SPIFFE Trust Domain and Bundle §5.1.1), side by side and never merged.</summary>
/// <remarks>Immutable and thread-safe. The source of such a document determines which peers its readers trust: read it only from your own configuration.</remarks>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "'Bundle map' is the term of the standard.")]
public sealed class SpiffeBundleMap : IReadOnlyCollection<SpiffeBundle>
{
    private const string TrustDomains = "trust_domains";

    // The same as the default of MaxMessageBytes: some ten thousand bundles.
    private const int MaxDocumentLength = 16 * 1024 * 1024;

    private readonly FrozenDictionary<TrustDomain, SpiffeBundle> _bundles;

    /// <summary>Creates a map.</summary>
    /// <exception cref="ArgumentException">Two bundles are of the same trust domain.</exception>
    public SpiffeBundleMap(IEnumerable<SpiffeBundle> bundles) => _bundles = ByTrustDomain.Of(bundles, static bundle => bundle.TrustDomain);

    /// <summary>Gets the number of trust domains.</summary>
    public int Count => _bundles.Count;

    /// <summary>Gets the parts of the document that were ignored when it was read, one sentence each.</summary>
    public ImmutableArray<string> Remarks { get; private init; } = [];

    /// <summary>Finds the bundle of a trust domain.</summary>
    /// <returns>The bundle, or <see langword="null"/> when the trust domain is unknown.</returns>
    public SpiffeBundle? Find(TrustDomain trustDomain) => _bundles.GetValueOrDefault(trustDomain);

    /// <summary>Reads a document. An invalid bundle is ignored and reported in <see cref="Remarks"/>; an invalid document, for example with a duplicate trust domain, is rejected as a whole.</summary>
    /// <param name="utf8Json">The document, at most 16 MiB. Refresh hints of its bundles are ignored, as the standard says.</param>
    /// <exception cref="FormatException">The document is not a bundle map; the message says why.</exception>
    public static SpiffeBundleMap Parse(ReadOnlyMemory<byte> utf8Json)
    {
        if (utf8Json.Length > MaxDocumentLength) throw new FormatException($"The bundle map has {utf8Json.Length} bytes; the limit is {MaxDocumentLength}.");
        return StrictJson.ReadObject(utf8Json, "The bundle map", static map =>
        {
            if (!map.TryGetProperty(TrustDomains, out var trustDomains) || trustDomains.ValueKind != JsonValueKind.Object)
                throw new FormatException($"The bundle map has no object '{TrustDomains}'.");

            var remarks = new List<string>();
            SpiffeBundle[] bundles = [.. trustDomains.EnumerateObject().Select(entry => Read(entry, remarks)).OfType<SpiffeBundle>()];
            return new SpiffeBundleMap(bundles) { Remarks = [.. remarks] };
        });
    }

    /// <summary>Writes the document: UTF-8 JSON.</summary>
    /// <exception cref="NotSupportedException">An authority's key is neither RSA nor elliptic on P-256, P-384 or P-521.</exception>
    public byte[] ToUtf8Json()
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteStartObject(TrustDomains);
            foreach (var bundle in _bundles.Values.OrderBy(static bundle => bundle.TrustDomain.Name, StringComparer.Ordinal))
            {
                json.WritePropertyName(bundle.TrustDomain.Name);
                json.WriteRawValue(bundle.ToUtf8Json(), skipInputValidation: true);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    /// <inheritdoc/>
    public IEnumerator<SpiffeBundle> GetEnumerator() => ((IEnumerable<SpiffeBundle>)_bundles.Values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static SpiffeBundle? Read(JsonProperty entry, List<string> remarks) => StrictJson.ReadEntry($"The bundle of {SpiffeIdProblem.Quote(entry.Name)}", remarks, () =>
    {
        // Must be the name itself: neither a SPIFFE ID nor another spelling of the same name.
        if (!TrustDomain.TryParse(entry.Name, out var trustDomain) || trustDomain.Name != entry.Name) throw new FormatException("that is not the name of a trust domain.");

        var bundle = SpiffeBundleJson.Read(trustDomain, JsonMarshal.GetRawUtf8Value(entry.Value).ToArray());
        remarks.AddRange(bundle.Remarks);
        return new SpiffeBundle(bundle.X509, bundle.Jwt, bundle.Sequence, refreshHint: null, bundle.Remarks);
    });
}
