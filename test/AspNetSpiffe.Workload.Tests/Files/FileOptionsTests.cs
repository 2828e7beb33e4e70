using AspNetSpiffe.TestKit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Workload.Tests.Files;

public sealed class FileOptionsTests(ITestOutputHelper output) : FileTest(output)
{
    [Fact]
    public async Task The_configuration_names_the_files_and_the_variable_of_the_Workload_API_does_not_count()
    {
        Write(Pki.Leaf("/workload"));
        var partner = new TestPki("partner.example");
        Folder.Write("partner.pem", SvidFolder.Pem(partner.Root.Certificate));
        await using var services = Services(
            ("Files:Layout", "CertManager"), ("Files:Directory", Folder.Root), ("Files:FederatedBundles:partner.example", "partner.pem"));
        var context = await services.GetRequiredService<X509Source>().EnsureStartedAsync(Patience);
        Assert.Equal("/workload", context.DefaultSvid.Id.Path);
        Assert.NotNull(context.Bundles.Find(partner.TrustDomain));
    }

    [Theory]
    [InlineData("Spiffe:Files:Layout: 'Vault' is none of None, CertManager, SpiffeHelper, PodCertificate, SpiffeDraft.", "Files:Layout=Vault")]
    [InlineData("Spiffe:Files:Directory: must be set: it is the directory of the files of Layout CertManager.", "Files:Layout=CertManager")]
    [InlineData("Spiffe:Files:Certificate: must be set, or Layout and Directory.", "Files:Key=k", "Files:Bundle=b")]
    [InlineData("Spiffe:Files:Key: must be set, or Layout and Directory.", "Files:Certificate=c", "Files:Bundle=b")]
    [InlineData("Spiffe:Files:Bundle: must be set, or a BundleMap that has our trust domain: without a bundle no peer can be verified.", "Files:Certificate=c", "Files:Key=k")]
    [InlineData("Spiffe:Files:Bundle: must be set, or a BundleMap that has our trust domain: without a bundle no peer can be verified.", "Files:Layout=PodCertificate", "Files:Directory=/x")]
    [InlineData("Spiffe:Files:FederatedBundles:Partner: is not the name of a trust domain, such as example.org.", "Files:Layout=CertManager", "Files:Directory=/x", "Files:FederatedBundles:Partner=p")]
    [InlineData("Spiffe:EndpointSocket: is set, and so are Files: keep one of them, because an identity has one source.", "Files:Layout=CertManager", "Files:Directory=/x", "EndpointSocket=unix:///run/agent.sock")]
    [InlineData("Spiffe:Files:Certificat: unknown key. Did you mean 'Spiffe:Files:Certificate'?", "Files:Layout=CertManager", "Files:Directory=/x", "Files:Certificat=c")]
    [InlineData("Spiffe:Files:FederatedBundles: is a section, but has the value 'p'. Write its keys below it.", "Files:Layout=CertManager", "Files:Directory=/x", "Files:FederatedBundles=p")]
    [InlineData("Spiffe:Files:FederatedBundles:partner: is a single value and cannot have keys of its own such as 'Path'.", "Files:Layout=CertManager", "Files:Directory=/x", "Files:FederatedBundles:partner:Path=p")]
    public async Task A_mistake_is_told_with_its_key(string mistake, params string[] settings)
    {
        await using var services = Services([.. settings.Select(setting => setting.Split('=')).Select(parts => (parts[0], parts[1]))]);
        var error = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<SpiffeOptions>>().Value);
        Assert.Contains(mistake, error.Failures);
    }

    [Fact]
    public async Task Code_and_files_together_are_a_mistake()
    {
        await using var services = new ServiceCollection().AddSpiffe(options => (options.Files.Layout, options.Files.Directory, options.Provider) = (SpiffeFileLayout.CertManager, "/x", _ => null!)).BuildServiceProvider();
        var error = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<SpiffeOptions>>().Value);
        Assert.Contains("Spiffe:Files: are set, and so is the Provider: keep one of them, because an identity has one source.", error.Failures);
    }

    [Fact]
    public async Task A_host_starts_with_files_and_without_a_Workload_API()
    {
        Write(Pki.Leaf("/workload"));
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([new("Spiffe:Files:Layout", "CertManager"), new("Spiffe:Files:Directory", Folder.Root)]);
        builder.Services.AddSpiffe();
        using var host = builder.Build();
        await host.StartAsync(Patience);
        Assert.Equal("/workload", host.Services.GetRequiredService<X509Source>().Current!.DefaultSvid.Id.Path);
        await host.StopAsync(Patience);
    }

    private static ServiceProvider Services(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"Spiffe:{setting.Key}", (string?)setting.Value))).Build();
        return new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddSpiffe().BuildServiceProvider();
    }
}
