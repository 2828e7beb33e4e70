using DnsClient;

namespace AspNetSpiffe.MeshTests;

/// <summary>What DNS says of the names that there are and are not, as dig and DnsClient read it.</summary>
public sealed class DnsAnswerTests(ITestOutputHelper output) : RegistryTest(output)
{
    private const string Soa = "example.org. 1 IN SOA registry.example.org. hostmaster.example.org.";

    [Fact]
    public async Task Addresses_are_answered_by_their_kind()
    {
        Add(NameOfA, "127.0.0.2:9005", "127.0.0.3:9005", "[::1]:9005");

        var reply = await DigAsync(NameOfA, "A");
        Assert.Equal("NOERROR", reply.Status);
        Assert.Equal(["qr", "aa", "rd"], reply.Flags);
        Assert.Equal(["service-a.example.org. 1 IN A 127.0.0.2", "service-a.example.org. 1 IN A 127.0.0.3"], reply.Answer.Order(StringComparer.Ordinal));
        Assert.Empty(reply.Authority);
        Assert.Equal(["service-a.example.org. 1 IN AAAA ::1"], (await DigAsync(NameOfA, "AAAA")).Answer);
    }

    [Fact]
    public async Task A_service_record_has_the_port_and_brings_the_addresses()
    {
        Add(NameOfA, "127.0.0.2:9005", "[::1]:9005");

        var reply = await DigAsync("_https._tcp.service-a.example.org", "SRV");
        Assert.Equal(["_https._tcp.service-a.example.org. 1 IN SRV 0 0 9005 service-a.example.org."], reply.Answer);
        Assert.Equal(["service-a.example.org. 1 IN A 127.0.0.2", "service-a.example.org. 1 IN AAAA ::1"], reply.Additional.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Different_ports_are_not_mixed_with_the_addresses_of_others()
    {
        Add(NameOfA, "127.0.0.2:9005", "127.0.0.3:9006", "127.0.0.4:9006");

        Assert.Equal(["0 0 9005 port-9005.service-a.example.org.", "0 0 9006 port-9006.service-a.example.org."], (await DigAsync("_https._tcp.service-a.example.org", "SRV")).Values);
        Assert.Equal(["127.0.0.2"], (await DigAsync("port-9005.service-a.example.org", "A")).Values);
        Assert.Equal(["127.0.0.3", "127.0.0.4"], (await DigAsync("port-9006.service-a.example.org", "A")).Values);
        Assert.Equal(["127.0.0.2", "127.0.0.3", "127.0.0.4"], (await DigAsync(NameOfA, "A")).Values);
    }

    [Fact]
    public async Task One_address_with_two_ports_is_one_address()
    {
        Add(NameOfA, "127.0.0.2:9005", "127.0.0.2:9006");
        Assert.Equal(["127.0.0.2"], (await DigAsync(NameOfA, "A")).Values);
    }

    [Theory]
    [InlineData("service-a.example.org", "AAAA")]
    [InlineData("service-a.example.org", "TXT")]
    [InlineData("_tcp.service-a.example.org", "A")]
    [InlineData("_tcp.service-a.example.org", "SRV")]
    [InlineData("_tcp.service-a.example.org", "ANY")]
    [InlineData("_https._tcp.service-a.example.org", "A")]
    [InlineData("port-9005.service-a.example.org", "AAAA")]
    [InlineData("example.org", "A")]
    public async Task A_name_without_such_a_record_has_an_empty_answer(string name, string type)
    {
        Add(NameOfA, "127.0.0.2:9005");
        await AssertNothingAsync(name, type, "NOERROR");
    }

    [Theory]
    [InlineData("service-b.example.org", "A")]
    [InlineData("_tcp.service-b.example.org", "A")]
    [InlineData("_https._tcp.service-b.example.org", "SRV")]
    [InlineData("_http._tcp.service-a.example.org", "SRV")]
    [InlineData("_https._udp.service-a.example.org", "SRV")]
    [InlineData("port-9006.service-a.example.org", "A")]
    [InlineData("port-09005.service-a.example.org", "A")]
    [InlineData("x.service-a.example.org", "A")]
    [InlineData("a.b.service-a.example.org", "A")]
    [InlineData("service-b.example.org", "ANY")]
    public async Task A_name_that_is_not_there_does_not_exist(string name, string type)
    {
        Add(NameOfA, "127.0.0.2:9005");
        await AssertNothingAsync(name, type, "NXDOMAIN");
    }

    [Fact]
    public async Task The_zone_names_its_server_and_that_has_an_address()
    {
        Assert.StartsWith(Soa, (await DigAsync("example.org", "SOA")).Answer.Single(), StringComparison.Ordinal);
        var reply = await DigAsync("example.org", "NS");
        Assert.Equal(["example.org. 1 IN NS registry.example.org."], reply.Answer);
        Assert.Equal(["registry.example.org. 1 IN A 127.0.0.1"], reply.Additional);
        Assert.Equal(["127.0.0.1"], (await DigAsync("registry.example.org", "A")).Values);
    }

    [Fact]
    public async Task The_serial_number_of_the_zone_changes_with_what_is_in_it()
    {
        var before = (await DigAsync("example.org", "SOA")).Answer.Single();
        Add(NameOfA, "127.0.0.2:9005");
        Assert.NotEqual(before, (await DigAsync("example.org", "SOA")).Answer.Single());
    }

    [Fact]
    public async Task Upper_and_lower_case_count_as_one_and_go_back_as_they_came()
    {
        Add(NameOfA, "127.0.0.2:9005");
        var reply = await DigAsync("SeRvIcE-a.ExAmPlE.oRg", "A");
        Assert.Equal(["SeRvIcE-a.ExAmPlE.oRg. IN A"], reply.Question);
        Assert.Equal(["SeRvIcE-a.ExAmPlE.oRg. 1 IN A 127.0.0.2"], reply.Answer);
        Assert.Equal(["0 0 9005 service-a.example.org."], (await DigAsync("_HTTPS._Tcp.Service-A.example.org", "SRV")).Values);
    }

    [Theory]
    [InlineData("service-a.example.com", "A")]
    [InlineData("org", "NS")]
    [InlineData(".", "NS")]
    [InlineData("service-a.notexample.org", "A")]
    [InlineData("example.org", "TKEY")]
    [InlineData("service-a.example.org", "A", "-c", "CH")]
    [InlineData("service-a.example.org", "A", "-c", "ANY")]
    public async Task What_is_not_ours_to_answer_is_refused(params string[] query)
    {
        Add(NameOfA, "127.0.0.2:9005");
        var reply = await DigAsync(query);
        Assert.Equal("REFUSED", reply.Status);
        Assert.Equal(["qr", "rd"], reply.Flags);
        Assert.Empty(reply.Answer.Concat(reply.Authority).Concat(reply.Additional));
    }

    [Fact]
    public async Task Whoever_asks_for_any_record_gets_those_of_one_type()
    {
        Add(NameOfA, "127.0.0.2:9005", "[::1]:9005");
        Assert.Single((await DigAsync("+notcp", NameOfA, "ANY")).Answer);
        Assert.StartsWith(Soa, (await DigAsync("+notcp", "example.org", "ANY")).Answer.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DnsClient_resolves_a_service_to_its_instances()
    {
        Add(NameOfA, "127.0.0.2:9005", "127.0.0.3:9006", "[::1]:9006");
        var client = new LookupClient(new LookupClientOptions(new NameServer(Dns)) { UseCache = false });

        var instances = await client.ResolveServiceAsync("service-a.example.org", "https", "tcp");
        Assert.Equal(
            ["127.0.0.2:9005", "127.0.0.3:9006", "[::1]:9006"],
            instances.SelectMany(static instance => instance.AddressList.Select(address => new System.Net.IPEndPoint(address, instance.Port).ToString())).Order(StringComparer.Ordinal));
        Assert.Equal(["127.0.0.2", "127.0.0.3"], (await client.QueryAsync(NameOfA, QueryType.A, cancellationToken: Patience)).Answers.ARecords().Select(static a => a.Address.ToString()).Order(StringComparer.Ordinal));

        var missing = await client.QueryAsync("service-b.example.org", QueryType.A, cancellationToken: Patience);
        Assert.Equal(DnsHeaderResponseCode.NotExistentDomain, missing.Header.ResponseCode);
        Assert.Equal(1u, missing.Authorities.SoaRecords().Single().Minimum);
    }

    private async Task AssertNothingAsync(string name, string type, string status)
    {
        var reply = await DigAsync("+notcp", name, type);
        Assert.Equal(status, reply.Status);
        Assert.Equal(["qr", "aa", "rd"], reply.Flags);
        Assert.Empty(reply.Answer.Concat(reply.Additional));
        Assert.StartsWith(Soa, reply.Authority.Single(), StringComparison.Ordinal);
        Assert.EndsWith(" 1", reply.Authority.Single(), StringComparison.Ordinal);
    }
}
