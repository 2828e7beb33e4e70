using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Workload.Tests.Federation;

/// <summary>Everything about an endpoint is in the settings, and every mistake in them fails the start by its key.</summary>
public sealed class SettingsTests(ITestOutputHelper output) : FederationTest(output)
{
    private const string Entry = "Spiffe:Federation:partner";

    [Fact, Trait("Spec", "FD-01")]
    public void Nothing_is_guessed()
    {
        AssertMistakes([("partner", "")], $"{Entry}:Url: is required: the address of the bundle endpoint, such as https://host/path.", $"{Entry}:Profile: is required: https_web or https_spiffe.");
        AssertMistakes([("partner:Url", "https://partner/")], $"{Entry}:Profile: is required: https_web or https_spiffe.");
        AssertMistakes(
            [("partner:Url", "https://partner/"), ("partner:Profile", "https_spiffe")],
            $"{Entry}:EndpointId: is required in the profile https_spiffe: the SPIFFE ID that the endpoint must have.");
        AssertMistakes(
            [("partner:Url", "https://partner/"), ("partner:Profile", "https_spiffe"), ("partner:EndpointId", EndpointId)],
            $"{Entry}:BundleFile: is required: the endpoint '{EndpointId}' serves the bundle that verifies it, so an initial bundle is needed before the first fetch. Set it to a file with the bundle of 'partner'.");
    }

    [Theory, Trait("Spec", "FD-04")]
    [InlineData("http://partner/", "'http://partner/' has the scheme 'http'; a bundle endpoint requires https.")]
    [InlineData("ftp://partner/", "'ftp://partner/' has the scheme 'ftp'; a bundle endpoint requires https.")]
    [InlineData("spiffe://partner/", "'spiffe://partner/' has the scheme 'spiffe'; a bundle endpoint requires https.")]
    [InlineData("https://user:secret@partner/", "has user information, which is not allowed in the URL of a bundle endpoint.")]
    [InlineData("https://@partner/", "has user information, which is not allowed in the URL of a bundle endpoint.")]
    [InlineData("partner/bundle.json", "'partner/bundle.json' is not an absolute URL, such as https://host/path.")]
    [InlineData("https:///bundle.json", "'https:///bundle.json' is not an absolute URL, such as https://host/path.")]
    [InlineData("https://partner:99999/", "'https://partner:99999/' is not an absolute URL, such as https://host/path.")]
    [InlineData("https:\\\\partner/", "'https:\\\\partner/' has a character that is not allowed in a URL; percent-encode it, and write an international host name in Punycode.")]
    [InlineData(" https://partner/", "' https://partner/' has a character that is not allowed in a URL; percent-encode it, and write an international host name in Punycode.")]
    [InlineData("https://pärtner/", "'https://p\\u00e4rtner/' has a character that is not allowed in a URL; percent-encode it, and write an international host name in Punycode.")]
    public void A_URL_that_no_endpoint_may_have_is_refused_in_both_profiles(string url, string mistake)
    {
        AssertMistakes([("partner:Url", url), ("partner:Profile", "https_web")], $"{Entry}:Url: {mistake}");
        AssertMistakes([("partner:Url", url), ("partner:Profile", "https_spiffe"), ("partner:EndpointId", EndpointId), ("partner:BundleFile", PartnerFile())], $"{Entry}:Url: {mistake}");
    }

    [Theory]
    [InlineData("https_web", BundleEndpointProfile.HttpsWeb)]
    [InlineData("HTTPS_WEB", BundleEndpointProfile.HttpsWeb)]
    [InlineData("HttpsWeb", BundleEndpointProfile.HttpsWeb)]
    [InlineData("https_spiffe", BundleEndpointProfile.HttpsSpiffe)]
    [InlineData("HttpsSpiffe", BundleEndpointProfile.HttpsSpiffe)]
    public void A_profile_has_the_name_of_the_standard_or_of_the_code(string text, BundleEndpointProfile profile)
    {
        var options = new SpiffeOptions();
        new SpiffeOptionsSetup(Configuration(("partner:Profile", text))).Configure(options);
        Assert.Equal(profile, options.Federation["partner"].Profile);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("web")]
    [InlineData("https_web,https_spiffe")]
    public void Another_profile_is_none(string text) => Assert.Contains($"{Entry}:Profile: '{text}' is none of https_web, https_spiffe.", Validate(("partner:Url", "https://partner/"), ("partner:Profile", text)));

    [Fact]
    public void A_profile_that_is_none_is_refused_in_code_too() => Assert.Equal(
        [$"{Entry}:Profile: must be one of https_web, https_spiffe, but is 7."], Validate(options => options.Federation["partner"] = new() { Url = "https://partner/", Profile = (BundleEndpointProfile)7 }));

    [Theory]
    [InlineData("EndpointId", "spiffe://partner/endpoint", "has no effect in the profile https_web, where the endpoint is verified by its host name. Remove it, or use https_spiffe.")]
    [InlineData("BundleFile", "bundle.json", "has no effect in the profile https_web, where the endpoint is verified with Web PKI roots. Remove it, or use https_spiffe.")]
    public void What_https_web_cannot_honour_is_refused(string key, string text, string mistake) =>
        AssertMistakes([("partner:Url", "https://partner/"), ("partner:Profile", "https_web"), ($"partner:{key}", text)], $"{Entry}:{key}: {mistake}");

    [Theory]
    [InlineData("EndpointId", "partner/endpoint", "'partner/endpoint' does not begin with 'spiffe://' (lower case).")]
    [InlineData("EndpointId", "spiffe://partner", "'spiffe://partner' names a trust domain; an endpoint is a workload, and its ID has a path.")]
    [InlineData("RootsFile", "roots.pem", "has no effect in the profile https_spiffe, where the endpoint is verified with the bundle of its trust domain. Remove it.")]
    public void What_https_spiffe_cannot_honour_is_refused(string key, string text, string mistake)
    {
        var settings = new Dictionary<string, string?> { ["partner:Url"] = "https://partner/", ["partner:Profile"] = "https_spiffe", ["partner:EndpointId"] = EndpointId, ["partner:BundleFile"] = PartnerFile() };
        settings[$"partner:{key}"] = text;
        AssertMistakes([.. settings.Select(setting => (setting.Key, setting.Value))], $"{Entry}:{key}: {mistake}");
    }

    [Fact]
    public void The_bundle_of_another_trust_domain_is_no_initial_one() => AssertMistakes(
        [("partner:Url", "https://partner/"), ("partner:Profile", "https_spiffe"), ("partner:EndpointId", "spiffe://broker/endpoint"), ("partner:BundleFile", PartnerFile())],
        $"{Entry}:BundleFile: has no effect: the endpoint is of 'broker', whose bundle comes from 'Federation:broker' or from the source of our identity. Remove it.");

    [Theory]
    [InlineData("Partner", "The trust domain in 'Partner' has the upper-case letter 'P' at position 0; trust domains are lower case.")]
    [InlineData("part ner", "The trust domain in 'part ner' has ' ' at position 4; allowed are a-z, 0-9, '.', '-' and '_'.")]
    public void A_name_that_is_no_trust_domain_is_refused(string name, string mistake) =>
        AssertMistakes([($"{name}:Url", "https://partner/"), ($"{name}:Profile", "https_web")], $"Spiffe:Federation:{name}: {mistake}");

    [Fact]
    public void A_trust_domain_has_one_name_in_code_too() => Assert.Equal(
        ["Spiffe:Federation:spiffe://partner: is not the plain name of the trust domain. Write 'partner'."],
        Validate(options => options.Federation["spiffe://partner"] = new() { Url = "https://partner/", Profile = BundleEndpointProfile.HttpsWeb }));

    [Fact]
    public void Nothing_is_no_entry() =>
        Assert.Equal(["Spiffe:Federation:partner: is null. Set its Url and Profile, or remove it."], Validate(options => options.Federation["partner"] = null!));

    [Theory]
    [InlineData("", "The file is neither a SPIFFE bundle document nor certificates in PEM.")]
    [InlineData("{", "not valid JSON")]
    [InlineData("no bundle", "The file is neither a SPIFFE bundle document nor certificates in PEM.")]
    [InlineData("{root}\n-----BEGIN CERTIFICATE-----\nAAAA", "Its PEM block 2 is truncated or malformed.")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "The file has a certificate that cannot be read.")]
    [InlineData("{root}\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "The file has a PEM block that is not a certificate")]
    [InlineData("{leaf}", "has a certificate that is not a CA")]
    [InlineData(null, "Could not find file")]
    public void A_file_without_a_bundle_is_refused_by_its_key_and_path(string? content, string mistake)
    {
        var path = Write((content ?? "").Replace("{root}", Partner.Root.Certificate.ExportCertificatePem(), StringComparison.Ordinal).Replace("{leaf}", Partner.Leaf().Leaf.ExportCertificatePem(), StringComparison.Ordinal));
        if (content is null) File.Delete(path);
        var found = Assert.Single(Validate(("partner:Url", "https://partner/"), ("partner:Profile", "https_spiffe"), ("partner:EndpointId", EndpointId), ("partner:BundleFile", path)));
        Assert.StartsWith($"{Entry}:BundleFile: '{path}': ", found, StringComparison.Ordinal);
        Assert.Contains(mistake, found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_roots_has_certificates_and_is_not_without_end()
    {
        (string, string?)[] settings = [("partner:Url", "https://partner/"), ("partner:Profile", "https_web")];
        Assert.Empty(Validate([.. settings, ("partner:RootsFile", PartnerFile())]));
        Assert.StartsWith($"{Entry}:RootsFile: ", Assert.Single(Validate([.. settings, ("partner:RootsFile", Write("{}"))])), StringComparison.Ordinal);
        Assert.EndsWith("The file has 1048577 bytes; the limit is 1048576.", Assert.Single(Validate([.. settings, ("partner:RootsFile", Write(new string(' ', (1024 * 1024) + 1)))])), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mistakes_are_found_without_a_host_too()
    {
        var options = new SpiffeOptions { EndpointSocket = "unix:///tmp/agent.sock" };
        options.Federation["partner"] = new() { Url = "http://partner/", Profile = BundleEndpointProfile.HttpsWeb };
        var e = await Assert.ThrowsAsync<ArgumentException>(() => X509Source.StartAsync(options, Loggers, Patience));
        Assert.StartsWith("Federation.partner.Url 'http://partner/' has the scheme", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_source_of_settings_may_say_a_part_and_code_wins()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new($"{Entry}:Url", "https://one/"), new($"{Entry}:Profile", "https_web")])
            .AddInMemoryCollection([new($"{Entry}:Url", "https://two/"), new($"{Entry}:FollowRedirects", "false"), new("Spiffe:Federation:other:Url", "https://other/")]).Build();
        var options = new SpiffeOptions();
        new SpiffeOptionsSetup(configuration).Configure(options);
        Assert.Equal(["other", "partner"], options.Federation.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("https://two/", BundleEndpointProfile.HttpsWeb, false), (options.Federation["partner"].Url, options.Federation["partner"].Profile, options.Federation["partner"].FollowRedirects));
    }

    [Theory]
    [InlineData("partner:Uri", "https://partner/", "Spiffe:Federation:partner:Uri: unknown key. Did you mean 'Spiffe:Federation:partner:Url'?")]
    [InlineData("partner:EndpointSpiffeId", "spiffe://partner/x", "Spiffe:Federation:partner:EndpointSpiffeId: unknown key. Did you mean 'Spiffe:Federation:partner:EndpointId'?")]
    [InlineData("partner", "https://partner/", "Spiffe:Federation:partner: is a section, but has the value 'https://partner/'. Write its keys below it.")]
    [InlineData("partner:Url:0", "https://partner/", "Spiffe:Federation:partner:Url: is a single value and cannot have keys of its own such as '0'.")]
    public void A_key_that_nobody_reads_is_a_mistake(string key, string text, string mistake) => Assert.Contains(mistake, Validate(("partner:Url", "https://partner/"), ("partner:Profile", "https_web"), (key, text)));

    [Fact]
    public void The_section_itself_has_a_near_name() => Assert.Equal(
        ["Spiffe:Federations: unknown key. Did you mean 'Spiffe:Federation'?"], new UnreadKeys([SpiffeOptionsSetup.Keys], new ConfigurationBuilder().AddInMemoryCollection([new("Spiffe:Federations:partner:Url", "x")]).Build()).Validate(null, new()).Failures);

    private string PartnerFile() => Write(Partner.Root.Certificate.ExportCertificatePem());

    private static void AssertMistakes((string Key, string? Text)[] settings, params string[] mistakes) => Assert.Equal(mistakes, Validate(settings));

    private static string[] Validate(Action<SpiffeOptions> configure)
    {
        var options = new SpiffeOptions { EndpointSocket = "unix:///tmp/agent.sock" };
        configure(options);
        return [.. new SpiffeOptionsValidator().Validate(null, options).Failures ?? []];
    }

    private static string[] Validate(params (string Key, string? Text)[] settings)
    {
        var configuration = Configuration(settings);
        var options = new SpiffeOptions { EndpointSocket = "unix:///tmp/agent.sock" };
        new SpiffeOptionsSetup(configuration).Configure(options);
        IValidateOptions<SpiffeOptions>[] validators = [new SpiffeOptionsValidator(configuration), new UnreadKeys([SpiffeOptionsSetup.Keys], configuration)];
        return [.. validators.SelectMany(validator => validator.Validate(null, options).Failures ?? [])];
    }

    private static IConfigurationRoot Configuration(params (string Key, string? Text)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create($"Spiffe:Federation:{s.Key}", s.Text))).Build();
}
