using AspNetSpiffe.TestKit;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Workload.Tests.Files;

public sealed class FileChangeTests(ITestOutputHelper output) : FileTest(output)
{
    [Fact]
    public async Task Files_that_are_written_in_place_are_taken_up()
    {
        Write(Pki.Leaf("/one"));
        var source = await StartGoodAsync(CertManager());
        Write(Pki.Leaf("/two"));
        Assert.Equal("/two", (await NextAsync(source)).DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task Files_that_are_renamed_into_their_place_are_taken_up()
    {
        Write(Pki.Leaf("/one"));
        var source = await StartGoodAsync(CertManager());
        var next = Pki.Leaf("/two");
        Folder.Replace("tls.key", SvidFolder.KeyOf(next));
        Folder.Replace("tls.crt", SvidFolder.ChainOf(next));
        Assert.Equal("/two", (await NextAsync(source)).DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task Files_behind_a_symbolic_link_that_is_swapped_are_taken_up()
    {
        Swap(Pki.Leaf("/one"));
        var source = await StartGoodAsync(CertManager());
        Swap(Pki.Leaf("/two"));
        Assert.Equal("/two", (await NextAsync(source)).DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task A_bundle_that_changes_alone_is_taken_up_and_the_SVID_stays_the_same_instance_in_use()
    {
        Write(Pki.Leaf("/one"));
        var source = await StartGoodAsync(CertManager());
        var bundle = source.Current!.Bundles.Find(Pki.TrustDomain)!;
        Folder.Write("ca.crt", SvidFolder.Pem(Pki.Root.Certificate, Pki.CreateRoot().Certificate));
        Assert.Equal(2, (await NextAsync(source)).Bundles.Find(Pki.TrustDomain)!.Authorities.Length);
        Assert.Single(bundle.Authorities);
    }

    [Fact]
    public async Task Files_that_do_not_change_are_no_news()
    {
        var svid = Pki.Leaf("/one");
        Write(svid);
        var source = await StartGoodAsync(CertManager());
        var context = source.Current;
        Write(svid);
        await LookAsync(50);
        Assert.Same(context, source.Current);
        Assert.Single(Logs.All, record => record.Event.Name == "SvidRenewed");
    }

    [Fact]
    public async Task Files_that_are_written_by_half_are_not_used_and_not_told_of_while_their_writer_goes_on()
    {
        Write(Pki.Leaf("/one"));
        var source = await StartGoodAsync(CertManager());
        var next = Pki.Leaf("/two");
        var chain = SvidFolder.ChainOf(next);
        for (var part = 1; part < 8; part++)
        {
            Folder.Write("tls.crt", chain[..(chain.Length * part / 8)]);
            await LookAsync();
            Assert.Equal("/one", source.Current!.DefaultSvid.Id.Path);
        }

        Folder.Write("tls.crt", chain);
        await LookAsync();
        Folder.Write("tls.key", SvidFolder.KeyOf(next));
        Assert.Equal("/two", (await NextAsync(source)).DefaultSvid.Id.Path);
        Assert.DoesNotContain(Logs.All, record => record.Level >= LogLevel.Warning);
    }

    [Fact]
    public async Task A_bundle_that_is_good_but_not_whole_yet_is_not_used()
    {
        Write(Pki.Leaf("/one"));
        using var feed = new FileFeed(CertManager().Files.Resolve(), Time, new());
        await using var updates = feed.WatchX509UpdatesAsync(null, Patience).GetAsyncEnumerator(Patience);
        Assert.True(await updates.MoveNextAsync());

        TestAuthority[] authorities = [Pki.Root, Pki.CreateRoot(), Pki.CreateRoot()];
        var next = updates.MoveNextAsync();
        foreach (var count in new[] { 2, 3 })
        {
            await Time.WaitForTimerAsync(Patience);
            Folder.Write("ca.crt", SvidFolder.Pem(authorities.Take(count).Select(authority => authority.Certificate)));
            Time.Advance(TimeSpan.FromSeconds(0.5));
        }

        Assert.True(await next);
        Assert.Equal(3, updates.Current.Value!.Bundles.Find(Pki.TrustDomain)!.Authorities.Length);
    }

    [Fact]
    public async Task A_writer_that_never_pauses_does_not_keep_us_from_a_good_state()
    {
        Write(Pki.Leaf("/0"));
        var source = await StartGoodAsync(CertManager());
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 1; i < 20; i++)
        {
            Write(Pki.Leaf($"/{i}"));
            await LookAsync();
            seen.Add(source.Current!.DefaultSvid.Id.Path);
        }

        Assert.InRange(seen.Count, 5, 20);
    }

    [Theory]
    [InlineData("tls.key", "another", "The SVID 'spiffe://example.org/one' is rejected. The private key is not a PKCS#8 key of the leaf certificate: it cannot be read, or it belongs to another public key.")]
    [InlineData("tls.key", "", "'{0}': It must contain one private key, but contains 0.")]
    [InlineData("tls.crt", "-----BEGIN CERTIFICATE-----\nMIIB", "'{0}': Its PEM block 1 is truncated or malformed.")]
    [InlineData("tls.crt", "nothing", "'{0}': It contains no PEM block 'CERTIFICATE'.")]
    [InlineData("ca.crt", "stranger", "The SVID 'spiffe://example.org/one' is rejected. It does not verify against its own bundle: NotTrusted")]
    [InlineData("ca.crt", "{}", "'{0}': ")]
    [InlineData("ca.crt", null, "The file '{0}' does not exist.")]
    [InlineData("tls.crt", null, "The file '{0}' does not exist.")]
    [InlineData("tls.key", null, "The file '{0}' does not exist.")]
    public async Task A_bad_state_that_stays_is_told_once_and_the_last_good_one_stays(string file, string? content, string problem)
    {
        ExpectWarning("UpdateRefused");
        var svid = Pki.Leaf("/one");
        Write(svid);
        var source = await StartGoodAsync(CertManager());
        var context = source.Current;

        if (content is null) File.Delete(Folder.PathOf(file));
        else Folder.Write(file, content switch { "another" => SvidFolder.KeyOf(Pki.Leaf("/one")), "stranger" => SvidFolder.Pem(new TestPki("example.org").Root.Certificate), _ => content });
        await LookAsync(50);
        await WaitForAsync("UpdateRefused", Patience);

        var refused = Assert.Single(Logs.All, record => record.Event.Name == "UpdateRefused");
        Assert.StartsWith($"Rejected an update from the SVID files (certificate '{Folder.PathOf("tls.crt")}'). ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(string.Format(System.Globalization.CultureInfo.InvariantCulture, problem, Folder.PathOf(file)), refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("Identity: the last valid one is kept.", refused.Message, StringComparison.Ordinal);
        Assert.Same(context, source.Current);

        Write(Pki.Leaf("/two"));
        Assert.Equal("/two", (await NextAsync(source)).DefaultSvid.Id.Path);
        Assert.Null(source.LastProblem);
    }

    [Fact]
    public async Task A_bad_file_of_another_trust_domain_keeps_its_last_good_bundle_and_costs_nothing_of_ours()
    {
        ExpectWarning("UpdateRemark");
        var partner = new TestPki("partner.example");
        Write(Pki.Leaf("/one"));
        Folder.Write("partner", SvidFolder.Pem(partner.Root.Certificate));
        var source = await StartGoodAsync(CertManager(options => options.Files.FederatedBundles["partner.example"] = "partner"));

        Folder.Write("partner", "-----BEGIN");
        Write(Pki.Leaf("/two"));
        var next = await NextAsync(source);
        Assert.Equal("/two", next.DefaultSvid.Id.Path);
        Assert.Equal(partner.Root.Certificate.RawData, Assert.Single(next.Bundles.Find(partner.TrustDomain)!.Authorities).RawData);
        Assert.Contains($"'{Folder.PathOf("partner")}': Its PEM block 1 is truncated or malformed. The last valid bundle of this file is kept.", (await WaitForAsync("UpdateRemark", Patience)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_that_come_late_are_waited_for_and_the_error_of_the_start_names_the_missing_one()
    {
        ExpectWarning("UpdateRefused");
        var source = Start(CertManager());
        await LookAsync(2);
        await WaitForAsync("UpdateRefused", Patience);
        var waiting = source.RequireFirstAsync(TimeSpan.FromSeconds(0.3), Patience);
        Time.Advance(TimeSpan.FromSeconds(0.3));
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => waiting);
        Assert.Equal(
            $"The SVID files (certificate '{Folder.PathOf("tls.crt")}') issued no identity to this workload within 0.3 s. Its last update was rejected: The file '{Folder.PathOf("tls.crt")}' does not exist.", error.Message);

        Write(Pki.Leaf("/one"));
        await LookAsync(3);
        Assert.Equal("/one", (await source.WaitForFirstAsync(Patience)).DefaultSvid.Id.Path);
        Assert.Null(source.Address);
    }

    [Fact]
    public async Task A_state_that_becomes_good_with_time_is_taken_although_no_file_changes()
    {
        ExpectWarning("UpdateRefused");
        var late = new TestPki("example.org", root: root => root with { NotBefore = Time.GetUtcNow().AddSeconds(5), NotAfter = Time.GetUtcNow().AddHours(2) });
        Write(late.Leaf(leaf => leaf with { Uris = ["spiffe://example.org/one"], NotBefore = Time.GetUtcNow().AddSeconds(-5) }), late);
        var source = Start(CertManager());
        await LookAsync(2);
        await WaitForAsync("UpdateRefused", Patience);
        await LookAsync(40);
        Assert.Equal("/one", (await source.WaitForFirstAsync(Patience)).DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task Modes_that_let_others_read_the_key_or_change_whom_we_trust_are_warned_of()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        ExpectWarning("UpdateRemark");
        Write(Pki.Leaf("/one"));
        Mode("tls.key", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        Mode("ca.crt", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite);
        var source = await StartGoodAsync(CertManager());

        Assert.Equal(2, source.Current!.Remarks.Length);
        Assert.StartsWith($"The private key '{Folder.PathOf("tls.key")}' can be read by every user of this machine", source.Current.Remarks[0], StringComparison.Ordinal);
        Assert.StartsWith($"'{Folder.PathOf("ca.crt")}' can be modified by other users of this machine", source.Current.Remarks[1], StringComparison.Ordinal);
        await WaitForAsync("UpdateRemark", Patience, times: 2);
    }

    private void Mode(string name, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Folder.PathOf(name), mode);
    }

    private void Swap(TestSvid svid) => Folder.Swap(("tls.crt", SvidFolder.ChainOf(svid)), ("tls.key", SvidFolder.KeyOf(svid)), ("ca.crt", SvidFolder.Pem(Pki.Root.Certificate)));
}
