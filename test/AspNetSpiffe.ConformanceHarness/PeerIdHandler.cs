using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace AspNetSpiffe.ConformanceHarness;

/// <summary>Answers a connection with its peer's SPIFFE ID. Only peers that the handshake has verified come so far.</summary>
internal sealed class PeerIdHandler : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var peer = connection.Features.GetRequiredFeature<ISpiffePeerFeature>().Peer!;
        await connection.Transport.Output.WriteAsync(Encoding.ASCII.GetBytes($"{peer.Id}\n"));
    }
}
