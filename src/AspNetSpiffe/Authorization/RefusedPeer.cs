namespace AspNetSpiffe;

/// <summary>In the features of a request whose certificate did not meet a word: whether there was one. The framework's result does not say which requirement failed.</summary>
internal sealed record RefusedPeer(bool IsVerified);
