using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.Cli.Output;

namespace AspNetSpiffe.Cli.Inspection;

/// <summary>The report on a bundle or a bundle map, by the library's own parsers: what they reject or ignore, and what expires.</summary>
internal static class BundleReport
{
    public static Report Make(InspectedFile file, TrustDomain? trustDomain, DateTimeOffset now)
    {
        if (file.IsBundleMap) return Read(file.Name, "Trust Domain and Bundle §5.1.1", "It is a bundle map.", () => SpiffeBundleMap.Parse(file.Json), map => Make("a bundle map", map, map.Remarks, now));

        var whose = trustDomain ?? throw new UsageException($"{file.Name} does not say whose bundle it is (Trust Domain and Bundle §5.1.1): give --trust-domain.");
        return file.IsJson
            ? Read(file.Name, "Trust Domain and Bundle §4", "It is a bundle document.", () => SpiffeBundle.Parse(whose, file.Json), bundle => Make(whose.ToString(), [bundle], bundle.Remarks, now))
            : Read(file.Name, "X509-SVID §6", "It contains certificates of CAs, and nothing else.", () => ReadPem(file, whose), bundle => Make(whose.ToString(), [bundle], [], now));
    }

    private static SpiffeBundle ReadPem(InspectedFile file, TrustDomain whose)
    {
        try
        {
            return new(file.IsPem ? X509Bundle.CreateFromPem(whose, file.Text) : new(whose, file.ReadCertificates()), new(whose, []));
        }
        catch (ArgumentException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    private static Report Read<T>(string name, string clause, string text, Func<T> read, Func<T, Report> make)
    {
        try
        {
            var report = make(read());
            return report with { Rules = [new(clause, text, RuleOutcome.Kept), .. report.Rules] };
        }
        catch (FormatException e)
        {
            return new(FileKind.Bundle, name, [], [new(clause, text, RuleOutcome.Broken, Detail: e.Message)]);
        }
    }

    private static Report Make(string title, IReadOnlyCollection<SpiffeBundle> bundles, IReadOnlyCollection<string> remarks, DateTimeOffset now) => new(
        FileKind.Bundle,
        title,
        [.. bundles.SelectMany(bundle => FieldsOf(bundle, now))],
        [
            new("Trust Domain and Bundle §4.2", "No entry was ignored.", remarks.Count == 0 ? RuleOutcome.Kept : RuleOutcome.Broken, Detail: remarks.Count == 0 ? null : string.Join(' ', remarks)),
            .. bundles.SelectMany(bundle => RulesFor(bundle, now)),
        ]);

    private static IEnumerable<(string Name, string Value)> FieldsOf(SpiffeBundle bundle, DateTimeOffset now)
    {
        yield return ("bundle", bundle.ToString());
        if (bundle.RefreshHint is { } hint) yield return ("refresh", $"every {Duration.Describe(hint)}");
        foreach (var authority in bundle.X509.Authorities) yield return ("authority", $"{authority.Subject}, {CertificateText.DescribeKey(authority)}, until {Times.Describe(EndOf(authority))} ({Times.DescribeLeft(EndOf(authority), now)})");
        foreach (var key in bundle.Jwt.Authorities) yield return ("token key", key.KeyId);
    }

    private static IEnumerable<RuleLine> RulesFor(SpiffeBundle bundle, DateTimeOffset now)
    {
        var name = bundle.TrustDomain.Name;
        var hasAny = !bundle.X509.Authorities.IsEmpty || !bundle.Jwt.Authorities.IsEmpty;
        yield return new("Trust Domain and Bundle §4.1.3", $"The bundle of {name} has an authority; without one, no peer is trusted.", hasAny ? RuleOutcome.Kept : RuleOutcome.Broken, hasAny ? null : nameof(RejectionReason.EmptyBundle), Page: hasAny ? null : Pages.OfRejection(nameof(RejectionReason.EmptyBundle)));

        var over = bundle.X509.Authorities.Where(authority => EndOf(authority) < now).ToArray();
        yield return new("RFC 5280 §4.1.2.5", $"No X.509 authority of {name} has expired.", over.Length == 0 ? RuleOutcome.Kept : RuleOutcome.Broken, Detail: over.Length == 0 ? null : string.Join("; ", over.Select(static authority => authority.Subject)));
    }

    private static DateTimeOffset EndOf(X509Certificate2 authority) => new(authority.NotAfter.ToUniversalTime());
}
