using System.Buffers;
using AspNetSpiffe.Wire;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>What a message may hold: as many as the limit are read, one more refuses the message before anything is made of it.</summary>
[Trait("Spec", "WA-28"), Trait("Trial", "H-19")]
public sealed class MessageLimitTests
{
    private const int Megabyte = 1024 * 1024;

    private readonly WireMessages _messages = new(new() { MaxSvids = 2, MaxBundles = 3 });

    [Fact]
    public void X509_SVIDs_have_a_limit()
    {
        Assert.Equal(2, _messages.ReadX509Svids(Bytes(Svids(2)))!.Svids.Count);
        AssertRefused("has 3 SVIDs; the limit (MaxSvids) is 2.", () => _messages.ReadX509Svids(Bytes(Svids(3))));
    }

    [Fact]
    public void Federated_bundles_have_a_limit()
    {
        Assert.Equal(3, _messages.ReadX509Svids(Bytes(Federated(3)))!.FederatedBundles.Count);
        AssertRefused("has 4 federated bundles; the limit (MaxBundles) is 3.", () => _messages.ReadX509Svids(Bytes(Federated(4))));
    }

    [Fact]
    public void Federated_bundles_of_one_name_count_each()
    {
        // In a map the last one would win; made are all of them.
        byte[] bytes = [.. Enumerable.Repeat(Federated(1).ToByteArray(), 4).SelectMany(one => one)];
        Assert.Single(X509SVIDResponse.Parser.ParseFrom(bytes).FederatedBundles);
        AssertRefused("has 4 federated bundles", () => _messages.ReadX509Svids(new(bytes)));
    }

    [Fact]
    public void Revocation_lists_have_a_limit_though_nobody_reads_them()
    {
        AssertRefused("has 4 revocation lists; the limit (MaxBundles) is 3.", () => _messages.ReadX509Svids(Bytes(new X509SVIDResponse { Crl = { Empty(4) } })));
        AssertRefused("has 4 revocation lists; the limit (MaxBundles) is 3.", () => _messages.ReadX509Bundles(Bytes(new X509BundlesResponse { Crl = { Empty(4) } })));
    }

    [Fact]
    public void X509_bundles_have_a_limit()
    {
        Assert.Equal(3, _messages.ReadX509Bundles(Bytes(X509Bundles(3)))!.Bundles.Count);
        AssertRefused("has 4 bundles; the limit (MaxBundles) is 3.", () => _messages.ReadX509Bundles(Bytes(X509Bundles(4))));
    }

    [Fact]
    public void JWT_SVIDs_have_a_limit()
    {
        Assert.Equal(2, _messages.ReadJwtSvids(Bytes(JwtSvids(2)))!.Svids.Count);
        AssertRefused("has 3 JWT-SVIDs; the limit (MaxSvids) is 2.", () => _messages.ReadJwtSvids(Bytes(JwtSvids(3))));
    }

    [Fact]
    public void JWT_bundles_have_a_limit()
    {
        Assert.Equal(3, _messages.ReadJwtBundles(Bytes(JwtBundles(3)))!.Bundles.Count);
        AssertRefused("has 4 bundles; the limit (MaxBundles) is 3.", () => _messages.ReadJwtBundles(Bytes(JwtBundles(4))));
    }

    [Fact]
    public void An_answer_about_a_token_is_no_longer_than_claims_can_be()
    {
        var claims = new Struct { Fields = { ["a"] = Value.ForString("b") } };
        Assert.Equal(claims, WireMessages.ReadValidation(Bytes(new ValidateJWTSVIDResponse { Claims = claims }))!.Claims);

        claims.Fields["list"] = Value.ForList([.. Enumerable.Range(0, 150_000).Select(_ => new Value())]);
        AssertRefused("the limit is 262144", () => WireMessages.ReadValidation(Bytes(new ValidateJWTSVIDResponse { Claims = claims })));
    }

    [Theory]
    [InlineData(X509SVIDResponse.SvidsFieldNumber, true)]
    [InlineData(X509SVIDResponse.CrlFieldNumber, true)]
    [InlineData(X509SVIDResponse.FederatedBundlesFieldNumber, true)]
    [InlineData(15, false)]
    public void Sixteen_megabytes_of_empty_fields_cost_no_memory(int field, bool refused)
    {
        var bytes = new byte[16 * Megabyte];
        for (var i = 0; i < bytes.Length; i += 2) bytes[i] = (byte)((field << 3) | 2);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var e = Record.Exception(() => Assert.NotNull(new WireMessages(SpiffeLimits.Default).ReadX509Svids(new(bytes))));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Megabyte);
        Assert.Equal(refused, e is FormatException);
    }

    [Theory]
    [InlineData("0B")]
    [InlineData("0C")]
    [InlineData("0E")]
    [InlineData("0F")]
    [InlineData("0A05")]
    [InlineData("0AFFFFFFFFFFFFFFFFFF7F")]
    [InlineData("0AFFFFFFFFFFFFFFFFFFFFFF")]
    [InlineData("09000000")]
    [InlineData("0D0000")]
    [InlineData("08")]
    [InlineData("80")]
    public void Bytes_that_are_no_fields_are_no_message(string hex) => Assert.Null(_messages.ReadX509Svids(new(Convert.FromHexString(hex))));

    [Theory]
    [InlineData("0B")]
    [InlineData("0C")]
    [InlineData("0B0C")]
    public void What_another_reader_would_pass_over_hides_no_fields(string group) =>
        Assert.Null(_messages.ReadX509Svids(new([.. Convert.FromHexString(group), .. Svids(3).ToByteArray()])));

    [Fact]
    public void Fields_that_nobody_knows_are_passed_over()
    {
        var known = Svids(1).ToByteArray();
        byte[] bytes = [0x78, 0x96, 0x01, 0x79, .. new byte[8], 0x7D, .. new byte[4], 0x7A, 2, 1, 2, .. known];
        Assert.Equal(known, _messages.ReadX509Svids(new(bytes))!.ToByteArray());
    }

    [Fact]
    public void A_client_refuses_a_limit_that_is_out_of_its_range() => Assert.StartsWith(
        "MaxSvids must be from 1 to 10000, but is 0.",
        Assert.Throws<ArgumentException>(() => new WorkloadApiClient(WorkloadApiAddress.Parse("unix:///a"), new() { MaxSvids = 0 })).Message,
        StringComparison.Ordinal);

    private static ReadOnlySequence<byte> Bytes(IMessage message) => new(message.ToByteArray());

    private static IEnumerable<ByteString> Empty(int count) => Enumerable.Repeat(ByteString.Empty, count);

    private static X509SVIDResponse Svids(int count) => new() { Svids = { Enumerable.Range(0, count).Select(_ => new X509SVID()) } };

    private static JWTSVIDResponse JwtSvids(int count) => new() { Svids = { Enumerable.Range(0, count).Select(_ => new JWTSVID()) } };

    private static X509SVIDResponse Federated(int count) => new() { FederatedBundles = { Entries(count) } };

    private static X509BundlesResponse X509Bundles(int count) => new() { Bundles = { Entries(count) } };

    private static JWTBundlesResponse JwtBundles(int count) => new() { Bundles = { Entries(count) } };

    private static Dictionary<string, ByteString> Entries(int count) => Enumerable.Range(0, count).ToDictionary(i => $"spiffe://td{i}", _ => ByteString.Empty);

    private static void AssertRefused(string words, Func<object?> read) => Assert.Contains(words, Assert.Throws<FormatException>(read).Message, StringComparison.Ordinal);
}
