using Grpc.Core;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Lets the Workload API validate tokens (Workload API §6.2.3), after a local check of everything except the signature.</summary>
internal sealed class AgentTokens(X509Source identity, IOptions<SpiffeOptions> spiffe, TimeProvider time) : IDisposable
{
    // An agent on this host responds within milliseconds; requests must not accumulate while it does not respond.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly JwtBundleSet NoBundles = new([]);

    private readonly WorkloadApiClient _client = new(identity.Address!, spiffe.Value.Limits);

    public async ValueTask<TokenVerdict> VerifyAsync(string token, SpiffeJwtAuthenticationOptions options, CancellationToken cancellationToken)
    {
        var read = Read(token, options.AudienceList, options);
        if (read.Reason != JwtRejectionReason.UnknownTrustDomain) return TokenVerdict.Refuse(read.Reason, read.Id, read.Detail);

        using var patience = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            // The Workload API validates one audience: the first of ours that the token has.
            var audience = options.AudienceList.First(ours => Read(token, [ours], options).Reason != JwtRejectionReason.NotAddressedToUs);
            var validated = await _client.ValidateJwtSvidAsync(audience, token, both.Token);
            return TokenVerdict.Accept(new(validated.Id, validated.ExpiresAt, validated.Claims));
        }
        catch (WorkloadApiException e) when (e is { Failure: WorkloadApiFailure.Status, StatusCode: StatusCode.InvalidArgument })
        {
            return TokenVerdict.Refuse(JwtRejectionReason.RefusedByAgent, read.Id);
        }
        catch (Exception e) when (e is WorkloadApiException or FormatException)
        {
            return TokenVerdict.Refuse(JwtRejectionReason.NoAnswer, read.Id, e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return TokenVerdict.Refuse(JwtRejectionReason.NoAnswer, read.Id, $"The Workload API did not respond within {Patience.TotalSeconds} s.");
        }
    }

    public void Dispose() => _client.Dispose();

    // Without bundles, everything except the signature is checked.
    private JwtVerificationResult Read(string token, IReadOnlyCollection<string> audiences, SpiffeJwtAuthenticationOptions options) =>
        JwtSvidVerifier.Verify(token, NoBundles, audiences, time.GetUtcNow(), options.ClockSkew);
}
