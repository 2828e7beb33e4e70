namespace AspNetSpiffe.Analyzers;

/// <summary>What a text must be where the library reads it.</summary>
internal enum TextKind
{
    Pattern,

    /// <summary>A pattern where it begins like one; otherwise the name of somebody else's policy.</summary>
    PolicyName,

    /// <summary>The argument of RequireTrustDomain.</summary>
    TrustDomainToRequire,

    /// <summary>The argument of RequirePathPrefix.</summary>
    PathPrefix,

    SpiffeId,
    TrustDomain,
}
