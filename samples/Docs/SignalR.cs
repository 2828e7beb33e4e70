using System.Security.Claims;
using AspNetSpiffe;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;

namespace Docs;

/// <summary>docs/how-to/signalr.md</summary>
internal static class SignalR
{
    public static async Task<string> AskAsync(Uri url, X509Source source, CancellationToken cancellationToken)
    {
        // <client>
        await using var connection = new HubConnectionBuilder()
            .WithUrl(url)
            .AddSpiffeMtls(source, "spiffe://example.org/orders")
            .WithAutomaticReconnect()
            .Build();
        // </client>
        await connection.StartAsync(cancellationToken);
        return await connection.InvokeAsync<string>("Caller", cancellationToken);
    }
}

// <hub>
[Authorize(Policy = "spiffe://example.org/ns/shop/**")]
internal sealed class OrdersHub : Hub
{
    public string Caller() => $"{Context.User?.GetSpiffeId()}";
}
// </hub>
