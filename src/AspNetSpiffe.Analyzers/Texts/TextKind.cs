namespace AspNetSpiffe.Analyzers;

/// <summary>The kind of text that the library expects.</summary>
internal enum TextKind
{
    Pattern,

    /// <summary>A pattern if it begins like one; otherwise the name of another policy.</summary>
    PolicyName,

    /// <summary>The argument of RequireTrustDomain.</summary>
    TrustDomainToRequire,

    /// <summary>The argument of RequirePathPrefix.</summary>
    PathPrefix,

    SpiffeId,
    TrustDomain,
}
