using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Sets the options from the configuration section <c>Spiffe</c>. Code that sets them runs later and takes precedence.</summary>
internal sealed class SpiffeServerOptionsSetup(IConfiguration? configuration = null) : IConfigureOptions<SpiffeServerOptions>
{
    /// <summary>The keys of the section that these options read.</summary>
    public static IReadOnlyCollection<string> Keys { get; } = Read(new(), null).Keys;

    public void Configure(SpiffeServerOptions options) => Read(options, configuration);

    public static SectionReader Read(SpiffeServerOptions options, IConfiguration? configuration)
    {
        var section = new SectionReader(configuration);
        options.AllowedPeers = section.List(nameof(options.AllowedPeers), options.AllowedPeers);
        options.RequireHttpsEndpoint = section.Flag(nameof(options.RequireHttpsEndpoint), options.RequireHttpsEndpoint);
        options.CloseWhenExpired = section.Flag(nameof(options.CloseWhenExpired), options.CloseWhenExpired);
        options.CloseBeforeExpiry = section.Time(nameof(options.CloseBeforeExpiry), options.CloseBeforeExpiry);
        options.CloseWhenUntrusted = section.Flag(nameof(options.CloseWhenUntrusted), options.CloseWhenUntrusted);
        options.CloseWhenDisallowed = section.Flag(nameof(options.CloseWhenDisallowed), options.CloseWhenDisallowed);
        options.DrainTimeout = section.Time(nameof(options.DrainTimeout), options.DrainTimeout);
        options.AllowTlsResume = section.Flag(nameof(options.AllowTlsResume), options.AllowTlsResume);
        return section;
    }
}
