using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using AspNetSpiffe.Wire;
using Grpc.Core;

namespace AspNetSpiffe;

public sealed partial class WorkloadApiClient
{
    /// <summary>Fetches JWT-SVIDs for one audience; see <see cref="FetchJwtSvidsAsync(IReadOnlyCollection{string}, SpiffeId?, CancellationToken)"/>.</summary>
    /// <inheritdoc cref="FetchJwtSvidsAsync(IReadOnlyCollection{string}, SpiffeId?, CancellationToken)"/>
    public Task<ImmutableArray<JwtSvid>> FetchJwtSvidsAsync(string audience, SpiffeId? id = null, CancellationToken cancellationToken = default) =>
        FetchJwtSvidsAsync([audience], id, cancellationToken);

    /// <summary>Fetches JWT-SVIDs of this workload for some audiences (Workload API §6.2.1).</summary>
    /// <param name="audiences">The audiences of the tokens. Prefer one: each of several could present the token to the others (JWT-SVID §7.2).</param>
    /// <param name="id">The requested identity; by default all identities of this workload.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>At least one token, that of the default identity first. Each has the requested identity and audiences.</returns>
    /// <exception cref="ArgumentException">There is no audience, one is empty, or there are more than 32.</exception>
    /// <exception cref="WorkloadApiException">There is no response, or an error.</exception>
    /// <exception cref="FormatException">The response is invalid, or is not what was requested.</exception>
    public async Task<ImmutableArray<JwtSvid>> FetchJwtSvidsAsync(
        IReadOnlyCollection<string> audiences, SpiffeId? id = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(audiences);
        if (audiences.Count == 0 || audiences.Any(string.IsNullOrEmpty))
            throw new ArgumentException("A JWT-SVID needs at least one audience, and none may be empty: name the service that will receive the token.", nameof(audiences));
        if (audiences.Count > JwtSvidReader.MaxAudiences)
            throw new ArgumentException($"A JWT-SVID has at most {JwtSvidReader.MaxAudiences} audiences, but {audiences.Count} were requested: fetch several tokens.", nameof(audiences));

        var request = new JWTSVIDRequest { Audience = { audiences }, SpiffeId = id?.ToString() ?? "" };
        var answer = await _channel.FetchAsync((agent, options) => agent.FetchJWTSVIDAsync(request, options), cancellationToken).ConfigureAwait(false);
        return new JwtResponseReader().ReadSvids(answer, audiences, id);
    }

    /// <summary>Fetches the JWT bundles of all trust domains once (Workload API §6.2.2).</summary>
    /// <exception cref="WorkloadApiException">There is no response, or an error.</exception>
    /// <exception cref="FormatException">The response is invalid.</exception>
    public Task<JwtBundleSet> FetchJwtBundlesAsync(CancellationToken cancellationToken = default) => FirstAsync(WatchJwtBundlesAsync(cancellationToken));

    /// <summary>Watches the JWT bundles of all trust domains: first the current ones, then each change, until the agent ends the stream (Workload API §6.2.2).</summary>
    /// <remarks>An invalid bundle is ignored; tokens of its trust domain cannot be verified.</remarks>
    /// <exception cref="WorkloadApiException">There is no response, or the stream ends with an error.</exception>
    /// <exception cref="FormatException">A message is invalid; the watch ends.</exception>
    public async IAsyncEnumerable<JwtBundleSet> WatchJwtBundlesAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var update in WatchJwtUpdatesAsync(cancellationToken).ConfigureAwait(false))
            yield return update.Value ?? throw update.Problem!;
    }

    /// <summary>Lets the Workload API validate a token that this workload received (Workload API §6.2.3).</summary>
    /// <param name="audience">The audience that the token must have: a name of this workload.</param>
    /// <param name="token">The token.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ArgumentException">The audience is empty.</exception>
    /// <exception cref="FormatException">The token is not a JWT-SVID, or has another audience; the Workload API was not called.</exception>
    /// <exception cref="WorkloadApiException">The Workload API rejects the token (<see cref="StatusCode.InvalidArgument"/>), or does not respond.</exception>
    public async Task<ValidatedJwtSvid> ValidateJwtSvidAsync(string audience, string token, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(audience);
        ArgumentNullException.ThrowIfNull(token);

        var svid = JwtSvidReader.Read(token);
        if (!svid.Audiences.Contains(audience)) throw new FormatException($"The token is not for the audience {SpiffeIdProblem.Quote(audience)}.");

        var request = new ValidateJWTSVIDRequest { Audience = audience, Svid = token };
        var answer = await _channel.FetchAsync((agent, options) => agent.ValidateJWTSVIDAsync(request, options), cancellationToken).ConfigureAwait(false);

        // The Workload API must have validated the same subject as the one in the token.
        if (answer.SpiffeId != svid.Id.ToString()) throw Malformed($"It validated a token of '{svid.Id}' as a token of {SpiffeIdProblem.Quote(answer.SpiffeId)}.");
        return new(svid, ClaimsJson.Read(answer.Claims ?? throw Malformed("It validated a token without returning its claims.")));
    }

    /// <summary>Watches as <see cref="WatchJwtBundlesAsync"/> does, but continues after an invalid message.</summary>
    internal async IAsyncEnumerable<Update<JwtBundleSet>> WatchJwtUpdatesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var message in _channel.WatchAsync(static (agent, options) => agent.FetchJWTBundles(new(), options), cancellationToken).ConfigureAwait(false))
            yield return ReadJwtBundles(message, cancellationToken);
    }

    private Update<JwtBundleSet> ReadJwtBundles(JWTBundlesResponse message, CancellationToken cancellationToken)
    {
        if (message.Refusal is { } refusal) return new(null, refusal, []);

        var reader = new JwtResponseReader(_knownJwtBundles);
        try
        {
            var bundles = reader.ReadBundles(message, cancellationToken);
            _knownJwtBundles = reader.Known;
            return new(bundles, null, reader.Remarks);
        }
        catch (FormatException e)
        {
            return new(null, e, reader.Remarks);
        }
    }

    private WorkloadApiException Malformed(string what) => new(_channel.Address, WorkloadApiFailure.MalformedResponse, what);
}
