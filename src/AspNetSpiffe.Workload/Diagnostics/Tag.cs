using System.Collections.Concurrent;
using System.Text.Json;

namespace AspNetSpiffe;

/// <summary>The keys of all tags on metrics and spans. Values have low cardinality: never the input of an unauthenticated peer.</summary>
internal static class Tag
{
    /// <summary>The reason of a rejection or failure, in snake case; absent on success.</summary>
    public const string ErrorType = "error.type";

    /// <summary>The role of the peer: <c>client</c> or <c>server</c>.</summary>
    public const string PeerRole = "spiffe.peer.role";

    /// <summary>The trust domain of the peer, if its trust bundle is known; else <c>unknown</c>.</summary>
    public const string PeerTrustDomain = "spiffe.peer.trust_domain";

    /// <summary>The trust domain of an SVID of this workload.</summary>
    public const string SvidTrustDomain = "spiffe.svid.trust_domain";

    /// <summary>The hint of an SVID of this workload; absent without a hint.</summary>
    public const string SvidHint = "spiffe.svid.hint";

    /// <summary>The trust domain of a bundle.</summary>
    public const string BundleTrustDomain = "spiffe.bundle.trust_domain";

    /// <summary>The subject key identifier of an authority, in hexadecimal; without one, the SHA-256 of its certificate.</summary>
    public const string BundleAuthority = "spiffe.bundle.authority";

    /// <summary>The watched data: <c>x509_context</c> (our SVIDs with all bundles), <c>x509_bundles</c> or <c>jwt_bundles</c>.</summary>
    public const string WatchKind = "spiffe.watch";

    /// <summary>The source of the data: <c>agent</c>, <c>files</c> or <c>provider</c>.</summary>
    public const string WatchOrigin = "spiffe.watch.origin";

    /// <summary>The source of a token: <c>cache</c> or <c>agent</c>.</summary>
    public const string TokenSource = "spiffe.token.source";

    /// <summary>On a span: the SPIFFE ID of the caller.</summary>
    public const string ClientId = "spiffe.client.id";

    /// <summary>On a span: the SPIFFE ID of the server.</summary>
    public const string ServerId = "spiffe.server.id";

    private static readonly ConcurrentDictionary<Enum, string> Names = new();

    /// <summary>Returns the name of a reason as a value of <see cref="ErrorType"/>.</summary>
    public static string NameOf(Enum reason) => Names.GetOrAdd(reason, static reason => JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString()));

    /// <summary>Returns the tags with <see cref="ErrorType"/> added, if there was an error.</summary>
    public static KeyValuePair<string, object?>[] WithError(string? error, params KeyValuePair<string, object?>[] tags) => error is null ? tags : [.. tags, new(ErrorType, error)];
}
