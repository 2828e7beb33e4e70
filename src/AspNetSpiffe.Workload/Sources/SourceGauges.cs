using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The observable gauges of the sources: their state at the time of collection.</summary>
internal static class SourceGauges
{
    public static void Register(Meter meter, SourceRegistry sources)
    {
        SpiffeInstruments.Svids.Observe(meter, () => sources.All<X509Source>().Select(CountSvids));
        SpiffeInstruments.SvidNotAfter.Observe(meter, () => First(sources.All<X509Source>().SelectMany(Svids)));
        SpiffeInstruments.AuthorityNotAfter.Observe(meter, () => First(AllBundles(sources).SelectMany(Authorities)));
        SpiffeInstruments.Connected.Observe(meter, () => Statuses(sources).Select(Connected));
        SpiffeInstruments.LastUpdate.Observe(meter, () => Statuses(sources).Where(static status => status.History.LastGood is not null).Select(LastUpdate));
        SpiffeInstruments.ListNextUpdate.Observe(meter, () => First(sources.All<ITrustSource>().SelectMany(Lists)));
    }

    private static Measurement<long> CountSvids(X509Source source)
    {
        var now = source.Time.GetUtcNow();
        return new(source.Current?.Svids.Count(svid => svid.Validity.End > now) ?? 0);
    }

    private static IEnumerable<Measurement<long>> Svids(X509Source source) => source.Current is not { } context ? [] : context.Svids.Select(static svid => Seconds(
        svid.NotAfter, new KeyValuePair<string, object?>(Tag.SvidTrustDomain, svid.Id.TrustDomain.Name), new KeyValuePair<string, object?>(Tag.SvidHint, svid.Hint.Length > 0 ? svid.Hint : null)));

    private static IEnumerable<X509Bundle> AllBundles(SourceRegistry sources) => sources.All<ITrustSource>().SelectMany(static source => source.Trust?.Bundles ?? new([]));

    private static IEnumerable<Measurement<long>> Authorities(X509Bundle bundle) => bundle.Authorities.Select(authority => Seconds(
        Validity.Of(authority).NotAfter, new(Tag.BundleTrustDomain, bundle.TrustDomain.Name), new(Tag.BundleAuthority, IdOf(authority))));

    private static IEnumerable<WatchStatus> Statuses(SourceRegistry sources) =>
        [.. sources.All<X509Source>().Select(static s => s.Status), .. sources.All<X509BundleSource>().Select(static s => s.Status), .. sources.All<JwtBundleSource>().Select(static s => s.Status)];

    private static Measurement<long> Connected(WatchStatus status) => new(status.History.IsConnected ? 1 : 0, TagsOf(status));

    private static Measurement<long> LastUpdate(WatchStatus status) => Seconds(status.History.LastGood!.Value, TagsOf(status));

    private static IEnumerable<Measurement<long>> Lists(ITrustSource source) => source.Revocation is not { } watch ? [] : watch.Current.NextUpdates.Select(static list =>
        Seconds(list.NextUpdate, new KeyValuePair<string, object?>(Tag.BundleTrustDomain, list.TrustDomain.Name)));

    private static KeyValuePair<string, object?>[] TagsOf(WatchStatus status) => [new(Tag.WatchKind, status.Watch), new(Tag.WatchOrigin, status.Origin.Kind)];

    private static Measurement<long> Seconds(DateTimeOffset moment, params KeyValuePair<string, object?>[] tags) =>
        new(moment.ToUnixTimeSeconds(), tags.Where(static tag => tag.Value is not null));

    private static string IdOf(X509Certificate2 authority) =>
        authority.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifier ?? authority.GetCertHashString(HashAlgorithmName.SHA256);

    // A time series has one value: of several sources, the one with the most urgent value.
    private static IEnumerable<Measurement<long>> First(IEnumerable<Measurement<long>> all) =>
        all.GroupBy(static one => string.Join('\n', one.Tags.ToArray().Select(static tag => $"{tag.Key}={tag.Value}")), static (_, same) => same.MinBy(static one => one.Value));
}
