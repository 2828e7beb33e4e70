using System.Net.Security;

namespace AspNetSpiffe.Soak;

/// <summary>The CA is replaced, each step after all have seen the last. Nobody who may call must notice; the old CA must be worth nothing in the end.</summary>
internal sealed class AuthorityFaults(Mesh mesh, Load load, AgentFaults agent, Waiting waiting, Ledger ledger, Random random)
{
    private static readonly TrustDomain TrustDomain = TrustDomain.Parse("example.org");

    /// <summary>Prepare, activate, taint, revoke. When all SVIDs have been renewed, all still trust the old CA, whose SVIDs nobody uses any more.</summary>
    public async Task RotateAsync()
    {
        var old = mesh.SourceOf("one").Current!.DefaultSvid;
        var shown = SslStreamCertificateContext.Create(old.Leaf, [.. old.Intermediates], offline: true);

        Publish(mesh.Authority.PrepareAuthority);
        await waiting.ForAsync("a prepared CA", () => AllTrust(2));
        if (random.Next(2) == 0) await agent.KillAsync();

        Publish(mesh.Authority.ActivateAuthority);
        mesh.Authority.TaintAuthority();
        await waiting.ForAsync("an SVID of a new CA", () => !AnyIsOf(old));
        await Task.Delay(TimeSpan.FromSeconds(1 + random.NextDouble()));

        // Both overlap: who still shows an SVID of the old one gets in.
        await using var holdout = await Holdout.OpenAsync(mesh.Address, shown);
        var ending = holdout.ExpectEndAsync(ledger, "the old CA's", mesh.BlockedClose, () => Publish(mesh.Authority.RevokeAuthority));
        await Task.Delay(Right.Grace);
        load.OfRevokedAuthority = shown;
        if (!AllTrust(1)) ledger.Break(Promise.News, $"a revoked CA has not left all bundles within {Right.Grace.TotalSeconds} s");
        await ending;
    }

    private void Publish(Action change)
    {
        change();
        mesh.Partner.AddFederatedBundle(mesh.Authority);
    }

    private bool AllTrust(int authorities) => mesh.Sources.All(s => s.Current!.Bundles.Find(TrustDomain)!.Authorities.Length == authorities);

    private bool AnyIsOf(X509Svid old) => mesh.Sources.Any(s => s.Current!.DefaultSvid.Intermediates[0].RawDataMemory.Span.SequenceEqual(old.Intermediates[0].RawDataMemory.Span));
}
