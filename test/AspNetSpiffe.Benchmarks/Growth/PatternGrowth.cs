using System.Globalization;
using AspNetSpiffe.TestKit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Many alternatives in the list of allowed peers: to read them, to start and to reload with them, and to match the last of each kind.</summary>
internal static class PatternGrowth
{
    private const int Times = 100_000;

    private static readonly SpiffeId Id = SpiffeId.Parse("spiffe://example.org/ns/shop/sa/cart");

    public static async Task<GrowthPart> RunAsync(int[] counts)
    {
        var (parse, start, reload) = (new Curve("to parse them", "ms"), new Curve("to start a server with them", "ms"), new Curve("to reload with one changed", "ms"));
        var (ids, prefixes, wildcards) = (Match("IDs"), Match("prefixes"), Match("wildcards"));
        var material = new TestPki("example.org");
        var identity = new TestIdentity(material.Leaf("/server"), material.Root.Certificate);

        // Not counted the first time: code is compiled then.
        var counted = false;
        foreach (var count in counts.Prepend(counts[0]))
        {
            string[] list = [.. Alternatives(count, "{0}/sa/cart", count / 3), .. Alternatives(count, "{0}/**", count / 3), .. Alternatives(count, "{0}/*/cart", count - (2 * (count / 3)))];
            var text = string.Join(',', list);
            for (var i = 0; i < 5; i++) parse.Add(count, Cost.OfOne(() => SpiffeIdPattern.Parse(text), Math.Max(1, 1_000 / count)) / 1e6);

            await using var host = await GrowthHost.StartAsync(identity, settings: list.Select((pattern, i) => new KeyValuePair<string, string?>($"Spiffe:AllowedPeers:{i}", pattern)));
            if (counted) start.Add(count, host.StartCost);
            Reload(host, count, reload);
            Measure(ids, count, "{0}/sa/cart");
            Measure(prefixes, count, "{0}/**");
            Measure(wildcards, count, "{0}/*/cart");
            counted = true;
        }

        return new("`AllowedPeers`", "alternatives", [parse, start, reload, ids, prefixes, wildcards]);

        static Curve Match(string kind) => new($"to match the last of them, {kind}", "ns", "≤ 200 ns");
    }

    private static void Reload(GrowthHost host, int count, Curve curve)
    {
        var allowed = host.App.Services.GetRequiredService<AllowedPeers>();
        for (var i = 0; i < 5; i++)
        {
            var (last, before) = (string.Create(CultureInfo.InvariantCulture, $"spiffe://example.org/reloaded-{i}"), allowed.Pattern);
            var cost = Cost.Of(() =>
            {
                host.App.Configuration[$"Spiffe:AllowedPeers:{count - 1}"] = last;
                ((IConfigurationRoot)host.App.Configuration).Reload();
            });
            if (Equals(before, allowed.Pattern)) throw new InvalidOperationException("The reloaded list is not in force.");
            if (i > 0) curve.Add(count, cost);
        }
    }

    private static void Measure(Curve curve, int count, string form)
    {
        var pattern = SpiffeIdPattern.Parse(string.Join(',', Alternatives(count, form, count - 1).Append(string.Format(CultureInfo.InvariantCulture, "spiffe://example.org/ns/" + form, "shop"))));
        if (!pattern.Matches(Id)) throw new InvalidOperationException("The last one does not match.");
        curve.Add(count, Cost.OfOne(() => pattern.Matches(Id), Times));
    }

    private static IEnumerable<string> Alternatives(int seed, string form, int count) =>
        Enumerable.Range(1, count).Select(i => "spiffe://example.org/ns/" + string.Format(CultureInfo.InvariantCulture, form, string.Create(CultureInfo.InvariantCulture, $"team-{seed}-{i}")));
}
