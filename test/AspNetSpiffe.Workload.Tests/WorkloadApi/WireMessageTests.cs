using AspNetSpiffe.Wire;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>Every message against bytes written by hand from the standard's workloadapi.proto.</summary>
public sealed class WireMessageTests
{
    private static readonly ByteString Bytes = ByteString.CopyFromUtf8("b");

    public static TheoryData<string, IMessage, string> Vectors => new()
    {
        { "X509SVIDRequest", new X509SVIDRequest(), "" },
        {
            "X509SVIDResponse",
            new X509SVIDResponse { Svids = { new X509SVID { SpiffeId = "s" } }, Crl = { Bytes }, FederatedBundles = { ["k"] = Bytes } },
            "0A030A0173" + "120162" + "1A060A016B120162"
        },
        {
            "X509SVID",
            new X509SVID { SpiffeId = "s", X509Svid = Bytes, X509SvidKey = Bytes, Bundle = Bytes, Hint = "h" },
            "0A0173" + "120162" + "1A0162" + "220162" + "2A0168"
        },
        { "X509BundlesRequest", new X509BundlesRequest(), "" },
        { "X509BundlesResponse", new X509BundlesResponse { Crl = { Bytes }, Bundles = { ["k"] = Bytes } }, "0A0162" + "12060A016B120162" },
        { "JWTSVIDRequest", new JWTSVIDRequest { Audience = { "a", "b" }, SpiffeId = "s" }, "0A0161" + "0A0162" + "120173" },
        { "JWTSVIDResponse", new JWTSVIDResponse { Svids = { new JWTSVID { SpiffeId = "s" } } }, "0A030A0173" },
        { "JWTSVID", new JWTSVID { SpiffeId = "s", Svid = "t", Hint = "h" }, "0A0173" + "120174" + "1A0168" },
        { "JWTBundlesRequest", new JWTBundlesRequest(), "" },
        { "JWTBundlesResponse", new JWTBundlesResponse { Bundles = { ["k"] = Bytes } }, "0A060A016B120162" },
        { "ValidateJWTSVIDRequest", new ValidateJWTSVIDRequest { Audience = "a", Svid = "t" }, "0A0161" + "120174" },
        {
            "ValidateJWTSVIDResponse",
            new ValidateJWTSVIDResponse { SpiffeId = "s", Claims = new Struct { Fields = { ["k"] = Value.ForBool(true) } } },
            "0A0173" + "12090A070A016B12022001"
        },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void A_message_has_the_tags_of_the_standard(string name, IMessage message, string hex)
    {
        Assert.Equal(hex, Convert.ToHexString(message.ToByteArray()));
        Assert.Equal(message, message.Descriptor.Parser.ParseFrom(Convert.FromHexString(hex)));
        Assert.Equal(name, message.Descriptor.Name);
    }

    [Fact]
    public void Every_message_has_a_vector() =>
        Assert.Equal(WorkloadReflection.Descriptor.MessageTypes.Select(m => m.Name).Order(), Vectors.Select(row => row.Data.Item1).Order());

    [Fact]
    public void Every_method_of_the_standard_but_the_incubating_ones_is_there() =>
        Assert.Equal(
            ["FetchJWTBundles", "FetchJWTSVID", "FetchX509Bundles", "FetchX509SVID", "ValidateJWTSVID"],
            Assert.Single(WorkloadReflection.Descriptor.Services).Methods.Select(m => m.Name).Order());
}
