using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.Handshakes;

/// <summary>Our identity and bundles, what a peer presents, and what must come of it: the ID that we see, or the reason why we refuse who claims it.</summary>
internal sealed record PeerCase(TestIdentity Ours, Presented Peer, string Id, RejectionReason Reason = RejectionReason.None);
