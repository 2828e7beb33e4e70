using System.Net;
using System.Net.Http.Json;
using AspNetSpiffe.TestKit;
using Mesh;
using Mesh.Authorities;

namespace AspNetSpiffe.MeshTests;

/// <summary>What is the operator's alone.</summary>
public sealed class OperatorTests(ITestOutputHelper output) : AuthorityTest(output)
{
    [Fact]
    public async Task Workloads_find_nothing_of_the_operator_at_the_address_of_the_authority()
    {
        var source = await StartWorkloadAsync("service-a");
        using var client = new HttpClient(SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse("spiffe://example.org/authority")))
        {
            BaseAddress = new(Address),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/bundle", Patience)).StatusCode);
        foreach (var step in (string[])["prepare", "activate", "revoke"])
            Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsync($"/authority/{step}", null, Patience)).StatusCode);
        var enrolment = new Enrolment("/admin", Platform.CreateKey(FolderOf("mine")), Platform.Measure(Program));
        Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsJsonAsync("/workloads", enrolment, Patience)).StatusCode);

        // None of it was done.
        await Assert.ThrowsAsync<InvalidOperationException>(() => Operator.ReplaceAsync("activate", Patience));
    }

    [Theory]
    [InlineData("service-a")]
    [InlineData("/service-a/")]
    [InlineData("")]
    [InlineData("/authority")]
    public async Task A_path_that_is_not_that_of_a_workload_is_not_enrolled(string path) =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => Operator.EnrollAsync(path, FolderOf("service-a"), Program, Patience));

    [Fact]
    public void A_folder_that_others_may_enter_is_refused()
    {
        var open = Directory.CreateDirectory(FolderOf("open"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute).FullName;
        Assert.Contains("chmod 700", Assert.Throws<IOException>(() => PrivateFolder.Make(open)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_nonce_is_valid_for_a_minute_and_for_one_authority()
    {
        var time = new ManualTime();
        var nonces = new Nonces(time);
        var nonce = nonces.Next();

        Assert.True(nonces.IsValid(nonce));
        Assert.False(new Nonces(time).IsValid(nonce));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(nonces.IsValid(nonce));
        time.Advance(TimeSpan.FromTicks(1));
        Assert.False(nonces.IsValid(nonce));
    }
}
