using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Sets the options from the configuration section <c>Spiffe</c>. Code that sets them runs later and takes precedence.</summary>
internal sealed class SpiffeOptionsSetup(IConfiguration? configuration = null) : IConfigureOptions<SpiffeOptions>
{
    /// <summary>The keys of the section that these options read.</summary>
    public static IReadOnlyCollection<string> Keys { get; } = [.. Read(new(), null).Keys, .. KeysOfFederation()];

    public void Configure(SpiffeOptions options) => Read(options, configuration);

    public static SectionReader Read(SpiffeOptions options, IConfiguration? configuration)
    {
        var section = new SectionReader(configuration);
        options.EndpointSocket = section.Text(nameof(options.EndpointSocket), options.EndpointSocket);
        options.Hint = section.Text(nameof(options.Hint), options.Hint);
        options.Identity = section.Text(nameof(options.Identity), options.Identity);
        options.StartupTimeout = section.Time(nameof(options.StartupTimeout), options.StartupTimeout);
        options.IdentityRevocation = section.Choice(nameof(options.IdentityRevocation), options.IdentityRevocation);
        options.WithdrawalDelay = section.Time(nameof(options.WithdrawalDelay), options.WithdrawalDelay);

        var files = options.Files;
        files.Layout = section.Choice("Files:Layout", files.Layout);
        files.Directory = section.Text("Files:Directory", files.Directory);
        files.Certificate = section.Text("Files:Certificate", files.Certificate);
        files.Key = section.Text("Files:Key", files.Key);
        files.Bundle = section.Text("Files:Bundle", files.Bundle);
        files.BundleMap = section.Text("Files:BundleMap", files.BundleMap);
        foreach (var trustDomain in section.Names("Files:FederatedBundles"))
            if (section.Text($"Files:FederatedBundles:{trustDomain}", null) is { } path)
                files.FederatedBundles[trustDomain] = path;

        var retry = options.Retry;
        retry.InitialDelay = section.Time("Retry:InitialDelay", retry.InitialDelay);
        retry.MaxDelay = section.Time("Retry:MaxDelay", retry.MaxDelay);
        retry.Jitter = section.Fraction("Retry:Jitter", retry.Jitter);

        var revocation = options.Revocation;
        revocation.OnUnknown = section.Choice("Revocation:OnUnknown", revocation.OnUnknown);
        revocation.RefreshInterval = section.Time("Revocation:RefreshInterval", revocation.RefreshInterval);
        foreach (var trustDomain in section.Names("Revocation:Lists"))
            if (section.List($"Revocation:Lists:{trustDomain}", null) is { } lists)
                revocation.Lists[trustDomain] = lists;

        var limits = options.Limits;
        limits.MaxChainLength = section.Number("Limits:MaxChainLength", limits.MaxChainLength);
        limits.MaxLeafBytes = section.Number("Limits:MaxLeafBytes", limits.MaxLeafBytes);
        limits.MaxNames = section.Number("Limits:MaxNames", limits.MaxNames);
        limits.MaxMessageBytes = section.Number("Limits:MaxMessageBytes", limits.MaxMessageBytes);
        limits.MaxSvids = section.Number("Limits:MaxSvids", limits.MaxSvids);
        limits.MaxBundles = section.Number("Limits:MaxBundles", limits.MaxBundles);

        foreach (var trustDomain in section.Sections(nameof(options.Federation)))
        {
            if (!options.Federation.TryGetValue(trustDomain, out var endpoint)) options.Federation.Add(trustDomain, endpoint = new());
            Read(section, trustDomain, endpoint);
        }

        return section;
    }

    private static void Read(SectionReader section, string trustDomain, SpiffeFederationOptions endpoint)
    {
        var prefix = $"{nameof(SpiffeOptions.Federation)}:{trustDomain}:";
        endpoint.Url = section.Text(prefix + nameof(endpoint.Url), endpoint.Url);
        endpoint.Profile = section.Choice(prefix + nameof(endpoint.Profile), endpoint.Profile, ("https_web", BundleEndpointProfile.HttpsWeb), ("https_spiffe", BundleEndpointProfile.HttpsSpiffe));
        endpoint.EndpointId = section.Text(prefix + nameof(endpoint.EndpointId), endpoint.EndpointId);
        endpoint.BundleFile = section.Text(prefix + nameof(endpoint.BundleFile), endpoint.BundleFile);
        endpoint.RootsFile = section.Text(prefix + nameof(endpoint.RootsFile), endpoint.RootsFile);
        endpoint.FollowRedirects = section.Flag(prefix + nameof(endpoint.FollowRedirects), endpoint.FollowRedirects);
    }

    private static IReadOnlyCollection<string> KeysOfFederation()
    {
        var section = new SectionReader(null);
        Read(section, SectionReader.AnyName, new());
        return section.Keys;
    }
}
