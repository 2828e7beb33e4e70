using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;

namespace AspNetSpiffe.Tests.Authorization;

[Authorize(Policy = "spiffe://example.org/ns/shop/sa/web")]
public sealed class GuardedHub : Hub;
