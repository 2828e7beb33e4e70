using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace AspNetSpiffe;

/// <summary>One identity that a development agent issues to a workload. Immutable and thread-safe.</summary>
public sealed class DevIdentity
{
    private const int MaxHintBytes = 1024;

    /// <summary>Creates an identity.</summary>
    /// <param name="path">The path of the SPIFFE ID in the agent's trust domain, for example <c>/ns/shop/sa/cart</c>.</param>
    [SetsRequiredMembers]
    public DevIdentity(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        Path = path;
    }

    /// <summary>Gets the path of the SPIFFE ID, for example <c>/ns/shop/sa/cart</c>. A workload's path is never empty (X509-SVID §3.1).</summary>
    public required string Path { get; init; }

    /// <summary>Gets the hint by which the workload distinguishes its identities (Workload API §8).</summary>
    /// <value>Default: empty, no hint.</value>
    public string Hint { get; init; } = "";

    /// <summary>Gets the DNS SANs of the X509-SVID, in addition to the SPIFFE ID.</summary>
    /// <value>Default: none.</value>
    public ImmutableArray<string> DnsNames { get; init; } = [];

    // Throws ArgumentException, because both the options and Register get identities from a caller.
    internal SpiffeId ToId(TrustDomain trustDomain)
    {
        if (Path.Length == 0)
            throw new ArgumentException("The path of an identity is empty; use one such as '/server'.");
        if (Encoding.UTF8.GetByteCount(Hint) > MaxHintBytes)
            throw new ArgumentException($"The hint of '{Path}' has more than {MaxHintBytes} bytes (Workload API §8); shorten it.");

        foreach (var name in DnsNames.IsDefault ? [] : DnsNames)
            if (string.IsNullOrEmpty(name) || !Ascii.IsValid(name))
                throw new ArgumentException($"The DNS name '{name}' of '{Path}' is empty or not ASCII; write an international name in its 'xn--' form.");

        try
        {
            return trustDomain.Id.WithPath(Path);
        }
        catch (FormatException invalid)
        {
            throw new ArgumentException($"The path '{Path}' of an identity is not valid: {invalid.Message}", invalid);
        }
    }
}
