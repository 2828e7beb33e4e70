using System.Net.Security;

namespace AspNetSpiffe.Soak;

/// <summary>Peers lose their right and get it back.</summary>
internal sealed class PeerFaults(Mesh mesh, Load load, Waiting waiting, Ledger ledger)
{
    private static readonly TimeSpan Judged = TimeSpan.FromSeconds(2);

    /// <summary>The partner's bundle goes and comes back.</summary>
    public Task FederateAsync() => LoseAndRegainAsync("partner", load.Partner, () => mesh.Authority.RemoveFederatedBundle(mesh.Partner.TrustDomain), mesh.Federate);

    /// <summary>The server's configuration no longer allows a peer, and does again.</summary>
    public Task DisallowAsync() => LoseAndRegainAsync("guest", load.Guest, () => mesh.Server.AllowGuests(false), () => mesh.Server.AllowGuests(true));

    /// <summary>The agent takes an identity back and gives it again. Its workload must use it no more; what others know of it is its SVID, which is still good.</summary>
    public async Task TakeIdentityAsync()
    {
        var source = mesh.SourceOf("revoked");
        var path = source.Current!.DefaultSvid.Id.Path;
        await load.Revoked.ChangeAsync(false, () => mesh.Authority.Unregister("revoked"));
        await Task.Delay(Judged);

        load.Revoked.BeginChange();
        mesh.Authority.Register("revoked", new DevIdentity(path));
        await waiting.ForAsync("an identity that was given again", () => source.Current is not null);
        load.Revoked.EndChange(true);
    }

    private async Task LoseAndRegainAsync(string workload, Right right, Action lose, Action regain)
    {
        var svid = mesh.SourceOf(workload).Current!.DefaultSvid;
        var shown = SslStreamCertificateContext.Create(svid.Leaf, [.. svid.Intermediates], offline: true);
        await using var holdout = await Holdout.OpenAsync(mesh.Address, shown);

        right.BeginChange();
        var ending = holdout.ExpectEndAsync(ledger, workload, mesh.BlockedClose, lose);
        await Task.Delay(Right.Grace);
        right.EndChange(false);
        await ending;
        await right.ChangeAsync(true, regain);
    }
}
