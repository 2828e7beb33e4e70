namespace AspNetSpiffe;

/// <summary>Stored in the features of a request whose certificate did not meet a requirement: whether there was one. The framework's result does not say which requirement failed.</summary>
internal sealed record RefusedPeer(bool IsVerified);
