namespace AspNetSpiffe;

/// <summary>The categories that the libraries log under, where they are no type's name. They do not change: settings and log queries of users name them.</summary>
/// <remarks>The documentation of each log event refers to its category with <c>seealso</c>; docs/reference/log-events.md is made from that.</remarks>
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
