namespace Mesh;

/// <summary>The folder that the authority's <c>enroll</c> creates for a workload, with what it needs for its first identity.</summary>
public sealed record WorkloadFolder(string Path)
{
    /// <summary>Gets the file of the endorsement key.</summary>
    public string EndorsementKey => System.IO.Path.Combine(Path, "endorsement.key");

    /// <summary>Gets the file of the trust bundle: the operator's at first, then the newest.</summary>
    public string Bundle => System.IO.Path.Combine(Path, "bundle.pem");
}
