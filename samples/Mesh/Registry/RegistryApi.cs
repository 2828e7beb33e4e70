using System.Globalization;
using AspNetSpiffe;

namespace Mesh.Names;

/// <summary>Registration by REST, and the list of registrations.</summary>
internal static class RegistryApi
{
    public static RouteGroupBuilder MapRegistry(this WebApplication app)
    {
        var names = app.MapGroup("/names");
        names.MapGet("/", (Leases leases) => leases.Names.Select(name => Describe(name, leases)));
        names.MapGet("/{name}", (string name, Leases leases) =>
            Describe(name, leases) is { Endpoints.Length: > 0 } found ? Results.Ok(found) : Results.Problem($"Nothing is registered under '{Refusal.Shorten(name)}'.", statusCode: StatusCodes.Status404NotFound));
        names.MapPut("/{name}/endpoints/{endpoint}", (string name, string endpoint, string? lease, SpiffeCaller caller, Registrations registrations) =>
            registrations.Register(caller.Id, name, [endpoint], SecondsOf(lease), out var expires) is { } refusal ? refusal.ToProblem() : Results.Ok(new Registered(endpoint, expires)));
        names.MapDelete("/{name}/endpoints/{endpoint}", (string name, string endpoint, SpiffeCaller caller, Registrations registrations) =>
            registrations.Deregister(caller.Id, name, [endpoint]) is { } refusal ? refusal.ToProblem() : Results.NoContent());
        return names;
    }

    private static RegisteredName Describe(string name, Leases leases) =>
        new(name, [.. leases.Find(name).Select(static found => new Registered(found.EndPoint.ToString(), found.Expires)).OrderBy(static found => found.Endpoint, StringComparer.Ordinal)]);

    private static TimeSpan? SecondsOf(string? lease) =>
        int.TryParse(lease, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) : null;

    private sealed record RegisteredName(string Name, Registered[] Endpoints);

    private sealed record Registered(string Endpoint, DateTimeOffset Expires);
}
