using System.Collections.Concurrent;
using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>The keys of all tags on metrics and spans. A value is one of few: never a stranger's text.</summary>
internal static class Tag
{
    /// <summary>Why something was refused or failed, in snake case; absent where nothing was.</summary>
    public const string ErrorType = "error.type";

    /// <summary>The part that the peer plays: <c>client</c> or <c>server</c>.</summary>
    public const string PeerRole = "spiffe.peer.role";

    /// <summary>The trust domain of the peer, if we have its bundle; else <c>unknown</c>.</summary>
    public const string PeerTrustDomain = "spiffe.peer.trust_domain";

    /// <summary>The trust domain of one of our SVIDs.</summary>
    public const string SvidTrustDomain = "spiffe.svid.trust_domain";

    /// <summary>The hint of one of our SVIDs; absent where it has none.</summary>
    public const string SvidHint = "spiffe.svid.hint";

    /// <summary>The trust domain of a bundle that we have or want.</summary>
    public const string BundleTrustDomain = "spiffe.bundle.trust_domain";

    /// <summary>The subject key identifier of an authority, in hexadecimal; the SHA-256 of its certificate where it has none.</summary>
    public const string BundleAuthority = "spiffe.bundle.authority";

    /// <summary>What is watched: <c>x509_context</c> (our SVIDs with all bundles), <c>x509_bundles</c> or <c>jwt_bundles</c>.</summary>
    public const string WatchKind = "spiffe.watch";

    /// <summary>Where it comes from: <c>agent</c>, <c>files</c> or <c>provider</c>.</summary>
    public const string WatchOrigin = "spiffe.watch.origin";

    /// <summary>Where a token came from: <c>cache</c> or <c>agent</c>.</summary>
    public const string TokenSource = "spiffe.token.source";

    /// <summary>On a span: the SPIFFE ID of the caller.</summary>
    public const string ClientId = "spiffe.client.id";

    /// <summary>On a span: the SPIFFE ID of the server.</summary>
    public const string ServerId = "spiffe.server.id";

    private static readonly ConcurrentDictionary<Enum, string> Names = new();

    /// <summary>Gives the name of a reason as a value of <see cref="ErrorType"/>.</summary>
    public static string NameOf(Enum reason) => Names.GetOrAdd(reason, static reason => JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString()));

    /// <summary>Gives the tag of an error, or one that says nothing when there was none.</summary>
    public static KeyValuePair<string, object?>[] WithError(string? error, params KeyValuePair<string, object?>[] tags) => error is null ? tags : [.. tags, new(ErrorType, error)];
}
