using System.Text.Json.Nodes;
using AspNetSpiffe;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace OpenApi;

/// <summary>Adds the authentication requirements of the endpoints to the document, from ASP.NET Core's authorization metadata.</summary>
internal sealed class SpiffeSecurity : IOpenApiDocumentTransformer, IOpenApiOperationTransformer
{
    private const string MutualTls = "mutualTls";
    private const string JwtSvid = "jwtSvid";

    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.AddComponent(MutualTls, new OpenApiSecurityScheme { Type = SecuritySchemeType.MutualTLS, Description = "The X509-SVID of the caller." });
        document.AddComponent(JwtSvid, new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "JWT-SVID", Description = "A JWT-SVID for this service." });
        return Task.CompletedTask;
    }

    public Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var asked = context.Description.ActionDescriptor.EndpointMetadata.OfType<IAuthorizeData>().ToArray();

        // With UseSpiffeMtls() every connection has a client certificate; a token may be required in addition.
        var requirement = new OpenApiSecurityRequirement { [new(MutualTls, context.Document)] = [] };
        if (asked.Any(static data => data.AuthenticationSchemes?.Contains(SpiffeJwtAuthenticationDefaults.AuthenticationScheme, StringComparison.Ordinal) == true))
            requirement[new(JwtSvid, context.Document)] = [];
        operation.Security = [requirement];

        if (asked.Length == 0) return Task.CompletedTask;
        operation.Responses ??= [];
        operation.Responses["401"] = new OpenApiResponse { Description = "No authenticated caller." };
        operation.Responses["403"] = new OpenApiResponse { Description = "The caller is not one of those whom this is for." };

        var callers = asked.Select(CallersOf).OfType<string>().Select(static callers => (JsonNode)callers).ToArray();
        if (callers.Length > 0) (operation.Extensions ??= new Dictionary<string, IOpenApiExtension>())["x-spiffe-callers"] = new JsonNodeExtension(new JsonArray(callers));
        return Task.CompletedTask;
    }

    private static string? CallersOf(IAuthorizeData data) => data switch
    {
        RequireSpiffeAttribute word => word.Pattern.ToString(),
        { Policy: { } policy } when policy.StartsWith("spiffe:", StringComparison.Ordinal) => policy,
        _ => null,
    };
}
