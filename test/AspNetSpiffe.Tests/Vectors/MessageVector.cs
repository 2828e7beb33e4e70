using AspNetSpiffe.Wire;

namespace AspNetSpiffe.Tests.Vectors;

/// <summary>A message of the agent, after a good one, and what we show and whom we trust from then on.</summary>
/// <param name="Name">The thing tested.</param>
/// <param name="Message">The message.</param>
/// <param name="Event">The log event that says that it was taken in, or refused.</param>
/// <param name="Shown">The ID that we show afterwards.</param>
/// <param name="Peers">More peers, and what becomes of them.</param>
internal sealed record MessageVector(string Name, Func<X509SVIDResponse> Message, string Event, string Shown, params (Func<VectorPeer> Peer, RejectionReason Reason)[] Peers)
{
    public const string Before = "spiffe://example.org/us";
    public const string New = "spiffe://example.org/new";

    /// <summary>A message that is dropped whole: we go on as before.</summary>
    public static MessageVector Refused(string name, Func<X509SVIDResponse> message) => new(name, message, "UpdateRefused", Before);

    /// <summary>The usual message with a new SVID, in which one field is wrong.</summary>
    public static MessageVector Refused(string name, Action<X509SVID> spoil) => Refused(name, () =>
    {
        var message = World.Message(World.Home.Leaf("/new"));
        spoil(message.Svids[0]);
        return message;
    });

    /// <summary>A message that is taken: its first usable SVID is new, whatever else of it is left out.</summary>
    public static MessageVector Taken(string name, Func<X509SVIDResponse> message, params (Func<VectorPeer> Peer, RejectionReason Reason)[] peers) =>
        new(name, message, "SvidRenewed", New, peers);
}
