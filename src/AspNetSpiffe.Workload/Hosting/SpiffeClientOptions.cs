namespace AspNetSpiffe;

/// <summary>What AddSpiffeMtls said of one named client; with ConfigureHttpClientDefaults, of all.</summary>
internal sealed class SpiffeClientOptions
{
    public List<Call> Calls { get; } = [];

    /// <summary>Gets the one server that is meant, and the settings.</summary>
    /// <exception cref="InvalidOperationException">Several servers are.</exception>
    public (SpiffeIdPattern Server, Action<SocketsHttpHandler> Configure) Require(string client)
    {
        var calls = Calls.Exists(c => !c.IsDefault) ? Calls.FindAll(c => !c.IsDefault) : Calls;
        var servers = calls.Select(c => c.Server.ToString()).Distinct(StringComparer.Ordinal).ToArray();
        if (servers.Length > 1)
            throw new InvalidOperationException(
                $"The HTTP client '{client}' has AddSpiffeMtls {servers.Length} times, for '{string.Join("' and '", servers)}', and a client has one expected server. " +
                $"Keep one; if several may answer, say so in one pattern: '{string.Join(',', servers)}'.");
        return (calls[0].Server, handler => calls.ForEach(c => c.Configure?.Invoke(handler)));
    }

    internal sealed record Call(SpiffeIdPattern Server, Action<SocketsHttpHandler>? Configure, bool IsDefault);
}
