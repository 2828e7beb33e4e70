using AspNetSpiffe.TestKit;
using Mesh;

namespace AspNetSpiffe.MeshTests;

/// <summary>One authority replaces another, and workloads follow.</summary>
public sealed class ReplacementTests(ITestOutputHelper output) : AuthorityTest(output)
{
    [Fact]
    public async Task Workloads_trust_the_next_authority_before_it_signs_and_not_the_old_one_after_it_is_revoked()
    {
        var source = await StartWorkloadAsync("service-a");
        var old = AuthoritiesOf(source).Single();

        await Operator.ReplaceAsync("prepare", Patience);
        await WaitAsync(source, () => AuthoritiesOf(source).Length == 2);
        Assert.Contains(old, AuthoritiesOf(source));

        await Operator.ReplaceAsync("activate", Patience);
        var before = source.Current!.DefaultSvid.Leaf.Issuer;
        await WaitAsync(source, () => source.Current!.DefaultSvid.Leaf.Issuer != before);

        await Operator.ReplaceAsync("revoke", Patience);
        await WaitAsync(source, () => AuthoritiesOf(source) is [var only] && only != old);

        // The authority's own connection to us ends with the old one, and the kept bundle verifies the next.
        await source.GetChangeToken().ChangedAsync(Patience);
    }

    [Fact]
    public async Task A_workload_that_starts_again_after_the_replacement_finds_the_authority_by_the_bundle_that_it_has_kept()
    {
        await using (var source = await StartWorkloadAsync("service-a"))
        {
            await Operator.ReplaceAsync("prepare", Patience);
            await WaitAsync(source, () => AuthoritiesOf(source).Length == 2);
        }

        await Operator.ReplaceAsync("activate", Patience);
        await Operator.ReplaceAsync("revoke", Patience);
        await WaitForAuthorityAsync();

        Assert.Single(AuthoritiesOf(await StartSourceAsync("service-a")));
    }

    [Theory]
    [InlineData("activate", "No next authority is prepared")]
    [InlineData("revoke", "There is no old authority")]
    public async Task A_step_that_comes_too_early_is_refused(string step, string problem) =>
        Assert.Contains(problem, (await Assert.ThrowsAsync<InvalidOperationException>(() => Operator.ReplaceAsync(step, Patience))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_workload_with_the_bundle_of_another_authority_takes_nothing_from_this_one()
    {
        AllowWarning("AgentUnavailable");
        using var other = new DevCertificateAuthority(TrustDomain);
        await Operator.EnrollAsync("/service-a", FolderOf("service-a"), Program, Patience);
        await File.WriteAllTextAsync(new WorkloadFolder(FolderOf("service-a")).Bundle, other.Root.ExportCertificatePem(), Patience);

        var identity = new MeshIdentity(new() { TrustDomain = TrustDomain, Authority = Address, Folder = new(FolderOf("service-a")), Program = Program }, Loggers);
        var refused = await Assert.ThrowsAsync<Grpc.Core.RpcException>(async () =>
        {
            await foreach (var _ in identity.WatchAsync(Patience)) Assert.Fail("The stranger gave an SVID.");
        });
        Assert.Equal(RejectionReason.NotTrusted, (refused.Status.DebugException as SpiffePeerRejectedException)?.Reason);
    }

    // The authority has renewed its own SVID with the next key when it says so twice.
    private Task WaitForAuthorityAsync()
    {
        var seen = Logs.All.Count(IsOwn);
        return Logs.WaitForAsync(IsOwn, Patience, seen + 1);

        static bool IsOwn(LogRecord record) => record.Event.Name == "SvidRenewed" && record.Message.Contains("/authority ", StringComparison.Ordinal);
    }

    private async Task WaitAsync(X509Source source, Func<bool> isSo)
    {
        while (true)
        {
            var changed = source.GetChangeToken().ChangedAsync(Patience);
            if (isSo()) return;
            await changed;
        }
    }

    private static string[] AuthoritiesOf(X509Source source) => [.. source.Current!.Bundles.Find(TrustDomain)!.Authorities.Select(static authority => authority.Thumbprint)];
}
