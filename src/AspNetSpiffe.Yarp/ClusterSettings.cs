using System.Globalization;

namespace AspNetSpiffe;

/// <summary>The settings in the metadata of a cluster.</summary>
/// <param name="Server">The expected server.</param>
/// <param name="ForwardsCaller">Whether the servers get the certificate of our caller.</param>
internal sealed record ClusterSettings(SpiffeIdPattern Server, bool ForwardsCaller)
{
    private const string Prefix = "Spiffe";

    /// <summary>Parses the metadata.</summary>
    /// <exception cref="FormatException">The server is missing, or a value is invalid; the message says what to write.</exception>
    public static ClusterSettings Read(IReadOnlyDictionary<string, string>? metadata)
    {
        string? server = null, forward = null;
        foreach (var (key, value) in metadata ?? new Dictionary<string, string>())
        {
            // Keys of the configuration are case-insensitive; dictionaries created in code are not.
            if (key.Equals(SpiffeClusterMetadata.SpiffeId, StringComparison.OrdinalIgnoreCase)) server = value;
            else if (key.Equals(SpiffeClusterMetadata.ForwardCaller, StringComparison.OrdinalIgnoreCase)) forward = value;
            else if (key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
                throw new FormatException($"Metadata:{key} has no meaning. There are {SpiffeClusterMetadata.SpiffeId} and {SpiffeClusterMetadata.ForwardCaller}.");
        }

        return new(ReadServer(server), ReadFlag(forward));
    }

    private static SpiffeIdPattern ReadServer(string? text)
    {
        if (text is null) throw new FormatException($"Metadata:{SpiffeClusterMetadata.SpiffeId} is missing. Say who must answer: an ID, or a pattern such as spiffe://example.org/orders.");
        try
        {
            return SpiffeIdPattern.Parse(text);
        }
        catch (FormatException mistake)
        {
            throw new FormatException($"Metadata:{SpiffeClusterMetadata.SpiffeId}: {mistake.Message}", mistake);
        }
    }

    private static bool ReadFlag(string? text) => text is null ? false : bool.TryParse(text, out var value)
        ? value
        : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"Metadata:{SpiffeClusterMetadata.ForwardCaller} is '{text}'. Write true or false."));
}
