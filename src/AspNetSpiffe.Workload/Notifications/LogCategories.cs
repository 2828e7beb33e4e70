namespace AspNetSpiffe;

/// <summary>The log categories of the libraries that are not the name of a type. They do not change, because users name them in settings and log queries.</summary>
/// <remarks>The documentation of each log event refers to its category with <c>seealso</c>; docs/reference/log-events.md is generated from that.</remarks>
internal static class LogCategories
{
    public const string AllowedPeers = "AspNetSpiffe.AllowedPeers";

    public const string Federation = "AspNetSpiffe.Federation";

    public const string Forwarded = "AspNetSpiffe.Forwarded";

    public const string Handshake = "AspNetSpiffe.Handshake";

    public const string HttpHandler = "AspNetSpiffe.HttpHandler";

    public const string JwtBundles = "AspNetSpiffe.JwtBundleSource";

    public const string JwtSvids = "AspNetSpiffe.JwtSource";

    public const string Notifications = "AspNetSpiffe.Notifications";

    public const string PeerConnectionRegistry = "AspNetSpiffe.PeerConnectionRegistry";

    public const string Revocation = "AspNetSpiffe.Revocation";

    public const string Settings = "AspNetSpiffe.Settings";

    public const string Tokens = "AspNetSpiffe.Tokens";

    public const string VerifiedPeersOnly = "AspNetSpiffe.VerifiedPeersOnly";

    public const string X509Bundles = "AspNetSpiffe.X509BundleSource";

    public const string X509Svids = "AspNetSpiffe.X509Source";
}
