using System.Security.Claims;
using Microsoft.AspNetCore.SignalR;

namespace AspNetSpiffe.Tests.Authorization;

public sealed class PeerHub : Hub
{
    public string Caller() => Context.User?.GetSpiffeId()?.ToString() ?? "nobody";

    public string Policy() => "done";

    [RequireSpiffe("spiffe://example.org/ns/**")]
    public string Attribute() => "done";
}
