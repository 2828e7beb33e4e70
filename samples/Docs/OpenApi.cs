using Microsoft.OpenApi;

namespace Docs;

/// <summary>docs/how-to/openapi.md</summary>
internal static class OpenApi
{
    public static void Add(WebApplicationBuilder builder)
    {
        // <document>
        builder.Services.AddOpenApi(options => options.AddDocumentTransformer((document, _, _) =>
        {
            document.Components ??= new();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                ["Spiffe"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.MutualTLS, Description = "The client presents an X509-SVID." },
            };
            document.Security = [new() { [new OpenApiSecuritySchemeReference("Spiffe", document)] = [] }];
            return Task.CompletedTask;
        }));
        // </document>
    }
}
