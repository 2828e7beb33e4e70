using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe.Tests.Vectors;

/// <summary>The trust domains that the system under test knows, as one message of its agent.</summary>
internal static class World
{
    public static TestPki Home { get; } = new("example.org");

    public static TestPki Partner { get; } = new("partner.org");

    /// <summary>Gets a trust domain that publishes its intermediate as its authority, and not the root above it.</summary>
    public static TestPki Unrooted { get; } = new("unrooted.org", intermediates: 1);

    /// <summary>Gets a trust domain that trusts nobody at the moment.</summary>
    public static TestPki Empty { get; } = new("empty.org");

    /// <summary>Gets a trust domain in whose bundle a leaf stands that signed itself.</summary>
    public static TestPki Careless { get; } = new("careless.org");

    public static VectorPeer LeafInTheBundle { get; } = new("spiffe://careless.org/workload", new(Careless.SelfSignedLeaf()));

    /// <summary>Gets a trust domain that nobody here knows.</summary>
    public static TestPki Unknown { get; } = new("unknown.org");

    /// <summary>Gives the message: an SVID of our own, and the bundles.</summary>
    public static X509SVIDResponse Message(TestSvid own)
    {
        var message = Home.Response(own, Partner, Careless);
        message.FederatedBundles["spiffe://careless.org"] = ByteString.CopyFrom(TestPki.Der([.. Careless.Authorities, LeafInTheBundle.Certificates.Leaf]));
        message.FederatedBundles["spiffe://unrooted.org"] = ByteString.CopyFrom(Unrooted.Issuer.Certificate.RawData);
        message.FederatedBundles["spiffe://empty.org"] = ByteString.Empty;
        return message;
    }
}
