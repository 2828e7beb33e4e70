namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>A bundle of a trust domain, under its key in a message.</summary>
internal sealed record ForeignBundle(string Key, byte[] Der)
{
    public TrustDomain TrustDomain => TrustDomain.Parse(Key);

    public override string ToString() => Key;
}
