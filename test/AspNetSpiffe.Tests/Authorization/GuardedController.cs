using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace AspNetSpiffe.Tests.Authorization;

[ApiController, Route("controller")]
public sealed class GuardedController : ControllerBase
{
    [HttpGet("open")]
    public string Open() => "";

    [HttpGet("policy"), Authorize(Policy = "spiffe://example.org/ns/shop/sa/web")]
    public string Policy() => "";

    [HttpGet("attribute"), RequireSpiffe("spiffe://example.org/ns/**")]
    public string Attribute() => "";

    [HttpPost("caller")]
    public string Caller(SpiffeCaller caller, [FromBody] int[] orders) => $"{caller} {orders.Length}";

    [HttpGet("perhaps")]
    public string Perhaps(SpiffeCaller? caller) => caller?.ToString() ?? "nobody";

    [HttpGet("filter"), WebOnlyFilter]
    public string Filter() => "";
}
