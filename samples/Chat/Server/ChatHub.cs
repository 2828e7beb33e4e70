using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;

namespace Chat.Server;

/// <summary>A room for every workload of the trust domain, and a method that is for one of them.</summary>
[Authorize(Policy = "spiffe://example.org/**")]
internal sealed class ChatHub : Hub
{
    public Task Say(string text) => Clients.All.SendAsync("Said", $"{Context.User!.GetSpiffeId()}", text);

    [Authorize(Policy = "spiffe://example.org/moderator")]
    public Task Clear() => Clients.All.SendAsync("Cleared");
}
