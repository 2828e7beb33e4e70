using System.Collections.Immutable;
using System.Text.Json.Nodes;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>A valid token in its parts; one audience is written as a text, several as a list.</summary>
internal sealed record TokenParts(string Alg, string? Kid, string? Typ, IdParts Sub, ImmutableArray<string> Audiences, int Exp, int? Nbf)
{
    public TestToken Token()
    {
        var header = new JsonObject { ["alg"] = Alg };
        if (Kid is not null) header["kid"] = Kid;
        if (Typ is not null) header["typ"] = Typ;

        var payload = new JsonObject { ["sub"] = Sub.ToString(), ["aud"] = Audiences.Length == 1 ? Audiences[0] : new JsonArray([.. Audiences.Select(audience => (JsonNode)audience)]), ["exp"] = Exp };
        if (Nbf is not null) payload["nbf"] = Nbf;
        return new() { Header = header.ToJsonString(), Payload = payload.ToJsonString() };
    }

    public override string ToString() => $"{Token().Header}.{Token().Payload}";
}
