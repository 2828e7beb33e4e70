using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AspNetSpiffe.TestKit;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh;

namespace AspNetSpiffe.MeshTests;

/// <summary>Who may register what, by REST and by gRPC.</summary>
public sealed class RegistryRuleTests(ITestOutputHelper output) : RegistryTest(output)
{
    private const string Own = "/names/service-a.example.org/endpoints/127.0.0.2:9005";

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_service_registers_its_name_by_REST_and_takes_it_back(string version)
    {
        using var client = await RestAsync("service-a");
        (client.DefaultRequestVersion, client.DefaultVersionPolicy) = (Version.Parse(version), HttpVersionPolicy.RequestVersionExact);

        using var registered = await client.PutAsync(Own + "?lease=10", null, Patience);
        Assert.Equal(HttpStatusCode.OK, registered.StatusCode);
        var expires = (await registered.Content.ReadFromJsonAsync<JsonElement>(Patience)).GetProperty("expires").GetDateTimeOffset();
        Assert.InRange(expires, DateTimeOffset.UtcNow - HangLimit.OfATest, DateTimeOffset.UtcNow + TimeSpan.FromSeconds(10));
        Assert.Equal(["127.0.0.2"], (await DigAsync(NameOfA, "A")).Values);

        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync(Own, Patience)).StatusCode);
        Assert.Equal("NXDOMAIN", (await DigAsync(NameOfA, "A")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync(Own, Patience)).StatusCode);
    }

    [Fact]
    public async Task A_service_registers_its_name_by_gRPC_and_takes_it_back()
    {
        var client = await GrpcAsync("service-a");
        var lease = await client.RegisterAsync(Registration(["127.0.0.2", "::1"]), cancellationToken: Patience);
        Assert.InRange(lease.Expires.ToDateTimeOffset(), DateTimeOffset.UtcNow - HangLimit.OfATest, DateTimeOffset.UtcNow + TimeSpan.FromSeconds(10));
        Assert.Equal(["0 0 9005 service-a.example.org."], (await DigAsync("_https._tcp.service-a.example.org", "SRV")).Values);
        Assert.Equal(["::1"], (await DigAsync(NameOfA, "AAAA")).Values);

        var deregistration = new Deregistration { Name = NameOfA, Addresses = { "::1" }, Port = 9005 };
        await client.DeregisterAsync(deregistration, cancellationToken: Patience);
        await client.DeregisterAsync(deregistration, cancellationToken: Patience);
        Assert.Empty((await DigAsync(NameOfA, "AAAA")).Answer);
        Assert.Equal(["127.0.0.2"], (await DigAsync(NameOfA, "A")).Values);
    }

    [Fact]
    public async Task Members_of_the_trust_domain_read_what_is_registered()
    {
        Add(NameOfA, "127.0.0.2:9005", "[::1]:9005");
        using var client = await RestAsync("service-b");

        var all = await client.GetFromJsonAsync<JsonElement>("/names", Patience);
        Assert.Equal(NameOfA, all.EnumerateArray().Single().GetProperty("name").GetString());
        var one = await client.GetFromJsonAsync<JsonElement>("/names/" + NameOfA, Patience);
        Assert.Equal(["127.0.0.2:9005", "[::1]:9005"], one.GetProperty("endpoints").EnumerateArray().Select(static endpoint => endpoint.GetProperty("endpoint").GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/names/service-b.example.org", Patience)).StatusCode);
    }

    [Theory]
    [InlineData("service-b", "service-a.example.org")]
    [InlineData("service-a", "registry.example.org")]
    [InlineData("nested-service", "service.example.org")]
    [InlineData("nested-service", "nested.example.org")]
    public async Task Nobody_registers_the_name_of_another_by_REST(string workload, string name)
    {
        ExpectWarning("NameRefused");
        Add(NameOfA, "127.0.0.2:9005");
        using var client = await RestAsync(workload);

        using var refused = await client.PutAsync($"/names/{name}/endpoints/127.0.0.9:1?lease=10", null, Patience);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType!.MediaType);
        AssertOneWarning(workload.Replace('-', '/').Replace("service/", "service-", StringComparison.Ordinal), name);

        Assert.Equal(HttpStatusCode.Forbidden, (await client.DeleteAsync($"/names/{name}/endpoints/127.0.0.2:9005", Patience)).StatusCode);
        Assert.Equal(["127.0.0.2"], (await DigAsync(NameOfA, "A")).Values);
        Assert.DoesNotContain("127.0.0.9", (await DigAsync(name, "A")).Values);
    }

    [Fact]
    public async Task Nobody_registers_the_name_of_another_by_gRPC()
    {
        ExpectWarning("NameRefused");
        Add(NameOfA, "127.0.0.2:9005");
        var client = await GrpcAsync("service-b");

        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(async () => await client.RegisterAsync(Registration(["127.0.0.9"]), cancellationToken: Patience))).StatusCode);
        AssertOneWarning("service-b", NameOfA);
        var deregistration = new Deregistration { Name = NameOfA, Addresses = { "127.0.0.2" }, Port = 9005 };
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(async () => await client.DeregisterAsync(deregistration, cancellationToken: Patience))).StatusCode);
        Assert.Equal(["127.0.0.2"], (await DigAsync(NameOfA, "A")).Values);
    }

    [Theory]
    [InlineData("service-a")]
    [InlineData("service-a.example.org.")]
    [InlineData("SERVICE-A.example.org")]
    [InlineData("x.service-a.example.org")]
    [InlineData("service-a.example.com")]
    [InlineData("service_a.example.org")]
    [InlineData(".example.org")]
    [InlineData("example.org")]
    public async Task What_is_no_name_of_the_mesh_is_invalid(string name)
    {
        using var rest = await RestAsync("service-a");
        await AssertInvalidAsync(await rest.PutAsync($"/names/{name}/endpoints/127.0.0.2:9005?lease=10", null, Patience), $"'{name}'");
        var grpc = await GrpcAsync("service-a");
        await AssertInvalidAsync(grpc, new() { Name = name, Addresses = { "127.0.0.2" }, Port = 9005, Lease = Duration.FromTimeSpan(TimeSpan.FromSeconds(10)) });
    }

    [Theory]
    [InlineData("localhost", 9005)]
    [InlineData("127.1", 9005)]
    [InlineData("0x7f000001", 9005)]
    [InlineData("2130706433", 9005)]
    [InlineData("127.0.0.02", 9005)]
    [InlineData(" 127.0.0.2", 9005)]
    [InlineData("0.0.0.0", 9005)]
    [InlineData("0.1.2.3", 9005)]
    [InlineData("224.0.0.1", 9005)]
    [InlineData("239.255.255.255", 9005)]
    [InlineData("240.0.0.1", 9005)]
    [InlineData("255.255.255.255", 9005)]
    [InlineData("::", 9005)]
    [InlineData("0:0:0:0:0:0:0:1", 9005)]
    [InlineData("FD00::1", 9005)]
    [InlineData("ff02::1", 9005)]
    [InlineData("fe80::1%1", 9005)]
    [InlineData("::ffff:127.0.0.2", 9005)]
    [InlineData("127.0.0.2", 0)]
    [InlineData("127.0.0.2", 65536)]
    [InlineData("", 9005)]
    public async Task What_is_no_endpoint_is_invalid(string address, int port)
    {
        var text = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]:{port}" : $"{address}:{port}";
        using var rest = await RestAsync("service-a");
        await AssertInvalidAsync(await rest.PutAsync($"/names/{NameOfA}/endpoints/{Uri.EscapeDataString(text)}?lease=10", null, Patience), $"'{text}'");
        var registration = Registration([address]);
        registration.Port = (uint)port;
        await AssertInvalidAsync(await GrpcAsync("service-a"), registration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?lease=")]
    [InlineData("?lease=0")]
    [InlineData("?lease=301")]
    [InlineData("?lease=-1")]
    [InlineData("?lease=1.5")]
    [InlineData("?lease=%2010")]
    [InlineData("?lease=99999999999")]
    [InlineData("?lease=10&lease=10")]
    public async Task A_lease_is_from_a_second_to_five_minutes_by_REST(string query)
    {
        using var client = await RestAsync("service-a");
        await AssertInvalidAsync(await client.PutAsync(Own + query, null, Patience), "lease");
        Assert.Equal(HttpStatusCode.OK, (await client.PutAsync(Own + "?lease=1", null, Patience)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.PutAsync(Own + "?lease=300", null, Patience)).StatusCode);
    }

    [Theory]
    [InlineData(0, 999_999_999)]
    [InlineData(300, 100)]
    [InlineData(-1, 0)]
    [InlineData(long.MaxValue, 0)]
    [InlineData(10, -1)]
    [InlineData(10, int.MaxValue)]
    public async Task A_lease_is_from_a_second_to_five_minutes_by_gRPC(long seconds, int nanos)
    {
        var registration = Registration(["127.0.0.2"]);
        registration.Lease = new() { Seconds = seconds, Nanos = nanos };
        await AssertInvalidAsync(await GrpcAsync("service-a"), registration);
    }

    [Fact]
    public async Task Without_lease_or_address_a_registration_is_invalid()
    {
        var client = await GrpcAsync("service-a");
        var registration = Registration(["127.0.0.2"]);
        registration.Lease = null;
        await AssertInvalidAsync(client, registration);
        await AssertInvalidAsync(client, Registration([]));
    }

    [Fact]
    public async Task One_bad_address_is_enough_to_register_none()
    {
        await AssertInvalidAsync(await GrpcAsync("service-a"), Registration(["127.0.0.2", "::"]));
        Assert.Equal("NXDOMAIN", (await DigAsync(NameOfA, "A")).Status);
    }

    [Fact]
    public async Task A_name_has_16_endpoints_at_most()
    {
        var client = await GrpcAsync("service-a");
        string[] addresses = [.. Enumerable.Range(1, 17).Select(static i => $"127.0.1.{i}")];
        await AssertInvalidAsync(client, Registration(addresses));
        Assert.Equal("NXDOMAIN", (await DigAsync(NameOfA, "A")).Status);

        await client.RegisterAsync(Registration(addresses[..16]), cancellationToken: Patience);
        await client.RegisterAsync(Registration(addresses[..16]), cancellationToken: Patience);
        await AssertInvalidAsync(client, Registration(addresses[16..]));
        Assert.Equal(16, (await DigAsync(NameOfA, "A")).Answer.Length);
    }

    [Fact]
    public async Task Each_request_is_logged_with_its_caller_and_how_it_ended()
    {
        ExpectWarning("NameRefused");
        using var rest = await RestAsync("service-a");
        await rest.PutAsync(Own + "?lease=10", null, Patience);
        await rest.PutAsync(Own, null, Patience);
        var grpc = await GrpcAsync("service-b");
        await grpc.DeregisterAsync(new() { Name = "service-b.example.org", Addresses = { "127.0.0.2" }, Port = 9005 }, cancellationToken: Patience);
        await Assert.ThrowsAsync<RpcException>(async () => await grpc.RegisterAsync(Registration(["127.0.0.9"]), cancellationToken: Patience));
        foreach (var line in (string[])
            [
                $"{IdOfA} PUT {Own} 200",
                $"{IdOfA} PUT {Own} 400",
                "spiffe://example.org/service-b POST /mesh.registry.v1.Registry/Deregister 200 grpc-status 0",
                "spiffe://example.org/service-b POST /mesh.registry.v1.Registry/Register 200 grpc-status 7",
            ])
            await Logs.WaitForAsync(record => record.Message == line, Patience);
    }

    private static Registration Registration(string[] addresses) => new() { Name = NameOfA, Addresses = { addresses }, Port = 9005, Lease = Duration.FromTimeSpan(TimeSpan.FromSeconds(10)) };

    private async Task AssertInvalidAsync(HttpResponseMessage response, string named)
    {
        using (response)
        {
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Contains(named, (await response.Content.ReadFromJsonAsync<JsonElement>(Patience)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    private async Task AssertInvalidAsync(Mesh.Registry.RegistryClient client, Registration registration) =>
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(async () => await client.RegisterAsync(registration, cancellationToken: Patience))).StatusCode);

    private void AssertOneWarning(string caller, string name)
    {
        var warning = Logs.All.Single(static record => record.Event.Name == "NameRefused");
        Assert.Equal(($"spiffe://example.org/{caller}", name), ($"{warning.Values["Caller"]}", warning.Values["Name"]));
    }
}
