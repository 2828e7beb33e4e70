namespace AspNetSpiffe.ConformanceHarness;

/// <summary>Verifies tokens with the keys from the agent, in this process: the agent is not asked about a token.</summary>
internal sealed class Validator(X509Port x509)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Waits for the first keys, and verifies a token with the newest.</summary>
    /// <exception cref="TimeoutException">The agent gave no keys.</exception>
    /// <exception cref="WorkloadApiException">The agent gave an answer that no retry can change.</exception>
    public async Task<JwtVerificationResult> ValidateAsync(string token, string audience, CancellationToken cancellationToken)
    {
        var bundles = x509.Bundles;
        await bundles.WaitForFirstAsync(cancellationToken).WaitAsync(Patience, cancellationToken);
        return bundles.Verify(token, [audience]);
    }
}
