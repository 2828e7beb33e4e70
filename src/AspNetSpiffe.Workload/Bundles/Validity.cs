using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The validity period of a certificate or a chain, in UTC.</summary>
internal readonly record struct Validity(DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    /// <summary>Gets the first moment after the period: the second of <see cref="NotAfter"/> is still part of it (RFC 5280 §4.1.2.5).</summary>
    public DateTimeOffset End => NotAfter > DateTimeOffset.MaxValue - TimeSpan.FromSeconds(1) ? DateTimeOffset.MaxValue : NotAfter + TimeSpan.FromSeconds(1);

    public bool Contains(DateTimeOffset now) => NotBefore <= now && now < End;

    public static Validity Of(X509Certificate2 certificate) => new(new DateTimeOffset(certificate.NotBefore.ToUniversalTime()), new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));

    /// <summary>Returns the period in which all certificates of a chain are valid.</summary>
    public static Validity OfAll(IEnumerable<X509Certificate2> chain) => chain.Select(Of).Aggregate(static (all, next) => all.And(next));

    private Validity And(Validity other) =>
        new(NotBefore > other.NotBefore ? NotBefore : other.NotBefore, NotAfter < other.NotAfter ? NotAfter : other.NotAfter);
}
