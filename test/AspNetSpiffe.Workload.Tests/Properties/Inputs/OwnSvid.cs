using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>An SVID of ours with the trust domain that it comes from.</summary>
internal sealed record OwnSvid(TestSvid Svid, TestPki Pki)
{
    public override string ToString() => Svid.Id;
}
