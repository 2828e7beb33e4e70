using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>One entry of <see cref="SpiffeOptions.Federation"/>, parsed and validated. Immutable.</summary>
/// <param name="TrustDomain">The trust domain whose bundle it serves.</param>
/// <param name="Url">Its URL.</param>
/// <param name="ServerId">The SPIFFE ID that the endpoint must have; <see langword="null"/> in the profile <c>https_web</c>.</param>
/// <param name="Initial">The bundle before the first fetch, for an endpoint in the trust domain whose bundle it serves.</param>
/// <param name="Roots">The CAs that verify the endpoint in the profile <c>https_web</c>; empty for the CAs that this machine trusts.</param>
/// <param name="FollowRedirects">Whether redirects are followed.</param>
/// <param name="Limits">The limits of the endpoint's chain in the profile <c>https_spiffe</c>.</param>
internal sealed record BundleEndpoint(
    TrustDomain TrustDomain, Uri Url, SpiffeId? ServerId, SpiffeBundle? Initial, ImmutableArray<X509Certificate2> Roots, bool FollowRedirects, SpiffeLimits Limits)
{
    /// <summary>Gets whether the endpoint serves the bundle that verifies the endpoint itself (self-serving, SPIFFE Federation §5.2.2.2).</summary>
    public bool IsSelfServing => ServerId?.TrustDomain == TrustDomain;

    /// <summary>Parses all entries, and returns each validation error with its key in the section.</summary>
    public static (ImmutableArray<BundleEndpoint> Endpoints, ImmutableArray<(string Key, string Mistake)> Mistakes) ReadAll(
        IEnumerable<KeyValuePair<string, SpiffeFederationOptions>> entries, SpiffeLimits limits)
    {
        var mistakes = ImmutableArray.CreateBuilder<(string, string)>();
        var copy = limits with { };
        ImmutableArray<BundleEndpoint> endpoints =
            [.. entries.Select(entry => Read(entry.Key, entry.Value, copy, (key, mistake) => mistakes.Add(($"Federation:{entry.Key}{key}", mistake)))).OfType<BundleEndpoint>()];
        return (endpoints, mistakes.ToImmutable());
    }

    private static BundleEndpoint? Read(string name, SpiffeFederationOptions? options, SpiffeLimits limits, Action<string, string> refuse)
    {
        if (options is null)
        {
            refuse("", "is null. Set its Url and Profile, or remove it.");
            return null;
        }

        // A key must be the plain name: two spellings of one trust domain would be two entries.
        var trustDomain = Parse("", TrustDomain.Parse, name, refuse);
        if (trustDomain is not null && trustDomain.Name != name) refuse("", $"is not the plain name of the trust domain. Write '{trustDomain}'.");

        var url = ReadUrl(options, refuse);
        var serverId = ReadProfile(options, refuse);
        var isSelfServing = trustDomain is not null && serverId?.TrustDomain == trustDomain;
        var initial = isSelfServing && options.BundleFile is { } file ? Parse(":BundleFile", path => BundleFile.ReadBundle(trustDomain!, path), file, refuse) : null;
        if (isSelfServing && options.BundleFile is null)
            refuse(":BundleFile", $"is required: the endpoint '{serverId}' serves the bundle that verifies it, so an initial bundle is needed before the first fetch. Set it to a file with the bundle of '{trustDomain}'.");
        if (serverId is not null && trustDomain is not null && !isSelfServing && options.BundleFile is not null)
            refuse(":BundleFile", $"has no effect: the endpoint is of '{serverId.TrustDomain}', whose bundle comes from 'Federation:{serverId.TrustDomain}' or from the source of our identity. Remove it.");

        var roots = options is { RootsFile: { } rootsFile, Profile: BundleEndpointProfile.HttpsWeb } ? Parse(":RootsFile", BundleFile.ReadCertificates, rootsFile, refuse) : null;
        return trustDomain is null || url is null ? null : new(trustDomain, url, serverId, initial, [.. roots ?? []], options.FollowRedirects, limits);
    }

    private static Uri? ReadUrl(SpiffeFederationOptions options, Action<string, string> refuse)
    {
        if (options.Url is null) refuse(":Url", "is required: the address of the bundle endpoint, such as https://host/path.");
        else if (BundleEndpointUrl.TryRead(options.Url, out var url, out var mistake)) return url;
        else refuse(":Url", options.Url.Contains('@', StringComparison.Ordinal) ? mistake : $"{SpiffeIdProblem.Quote(options.Url)} {mistake}"); // What is before an '@' may be a password.
        return null;
    }

    // Each profile has settings that do not apply to the other.
    private static SpiffeId? ReadProfile(SpiffeFederationOptions options, Action<string, string> refuse)
    {
        switch (options.Profile)
        {
            case BundleEndpointProfile.HttpsSpiffe:
                if (options.RootsFile is not null) refuse(":RootsFile", "has no effect in the profile https_spiffe, where the endpoint is verified with the bundle of its trust domain. Remove it.");
                if (options.EndpointId is not null) return Parse(":EndpointId", ReadServerId, options.EndpointId, refuse);
                refuse(":EndpointId", "is required in the profile https_spiffe: the SPIFFE ID that the endpoint must have.");
                return null;
            case BundleEndpointProfile.HttpsWeb:
                if (options.EndpointId is not null) refuse(":EndpointId", "has no effect in the profile https_web, where the endpoint is verified by its host name. Remove it, or use https_spiffe.");
                if (options.BundleFile is not null) refuse(":BundleFile", "has no effect in the profile https_web, where the endpoint is verified with Web PKI roots. Remove it, or use https_spiffe.");
                return null;
            case null:
                refuse(":Profile", "is required: https_web or https_spiffe.");
                return null;
            default:
                refuse(":Profile", $"must be one of https_web, https_spiffe, but is {options.Profile}.");
                return null;
        }
    }

    private static SpiffeId ReadServerId(string text)
    {
        var id = SpiffeId.Parse(text);
        return id.Path.Length > 0 ? id : throw new FormatException($"'{id}' names a trust domain; an endpoint is a workload, and its ID has a path.");
    }

    private static T? Parse<T>(string key, Func<string, T> parse, string text, Action<string, string> refuse)
        where T : class
    {
        try
        {
            return parse(text);
        }
        catch (FormatException e)
        {
            refuse(key, e.Message);
            return null;
        }
    }
}
