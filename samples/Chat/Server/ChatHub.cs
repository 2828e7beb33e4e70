using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;

namespace Chat.Server;

/// <summary>A hub for every workload of the trust domain, with one method for a single workload.</summary>
[Authorize(Policy = "spiffe://example.org/**")]
internal sealed class ChatHub : Hub
{
    public Task Say(string text) => Clients.All.SendAsync("Said", $"{Context.User!.GetSpiffeId()}", text);

    [Authorize(Policy = "spiffe://example.org/moderator")]
    public Task Clear() => Clients.All.SendAsync("Cleared");
}
