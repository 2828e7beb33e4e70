using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;

namespace AspNetSpiffe.Tests.Authorization;

public sealed class OpenHub : Hub
{
    public string Open() => "done";

    public string Caller() => Context.User?.GetSpiffeId()?.ToString() ?? "nobody";

    [Authorize(Policy = "spiffe://example.org/ns/shop/sa/web")]
    public string Policy() => "done";

    [RequireSpiffe("spiffe://example.org/ns/**")]
    public string Attribute() => "done";
}
