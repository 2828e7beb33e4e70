using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace AspNetSpiffe.Analyzers;

/// <summary>The parameters and properties of a compilation whose texts the library validates.</summary>
internal sealed class TextPlaces
{
    private const string Services = "Microsoft.Extensions.DependencyInjection.";
    private const string Builder = "Microsoft.AspNetCore.Builder.";
    private const string Authorization = "Microsoft.AspNetCore.Authorization.";

    // Type, parameter, kind of text.
    private static readonly ImmutableArray<(string Type, string Parameter, TextKind Kind)> Parameters =
    [
        ("AspNetSpiffe.RequireSpiffeAttribute", "pattern", TextKind.Pattern),
        (Builder + "SpiffeEndpointConventionBuilderExtensions", "pattern", TextKind.Pattern),
        (Builder + "SpiffeEndpointConventionBuilderExtensions", "trustDomain", TextKind.TrustDomainToRequire),
        (Builder + "SpiffeEndpointConventionBuilderExtensions", "prefix", TextKind.PathPrefix),
        (Builder + "SpiffeApplicationBuilderExtensions", "pattern", TextKind.Pattern),
        (Builder + "SpiffeApplicationBuilderExtensions", "trustDomain", TextKind.TrustDomainToRequire),
        (Builder + "SpiffeApplicationBuilderExtensions", "prefix", TextKind.PathPrefix),
        (Authorization + "SpiffeAuthorizationPolicyBuilderExtensions", "pattern", TextKind.Pattern),
        (Services + "SpiffeHttpClientBuilderExtensions", "expectedServer", TextKind.Pattern),
        ("Microsoft.AspNetCore.SignalR.Client.SpiffeHubConnectionBuilderExtensions", "expectedServer", TextKind.Pattern),
        (Authorization + "AuthorizeAttribute", "policy", TextKind.PolicyName),
        (Authorization + "IAuthorizationService", "policyName", TextKind.PolicyName),
        (Authorization + "AuthorizationServiceExtensions", "policyName", TextKind.PolicyName),
        (Builder + "AuthorizationEndpointConventionBuilderExtensions", "policyNames", TextKind.PolicyName),
        (Services + "PageConventionCollectionExtensions", "policy", TextKind.PolicyName),
    ];

    private static readonly ImmutableArray<(string Type, TextKind Kind)> Parsed =
        [("AspNetSpiffe.SpiffeIdPattern", TextKind.Pattern), ("AspNetSpiffe.SpiffeId", TextKind.SpiffeId), ("AspNetSpiffe.TrustDomain", TextKind.TrustDomain)];

    private static readonly ImmutableArray<(string Type, string Property)> Lists =
    [
        ("AspNetSpiffe.SpiffeServerOptions", "AllowedPeers"),
        ("AspNetSpiffe.SpiffeForwardedAuthenticationOptions", "AllowedCallers"),
        ("AspNetSpiffe.SpiffeJwtAuthenticationOptions", "AllowedCallers"),
    ];

    private readonly Dictionary<ISymbol, TextKind> _parameters = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _lists = new(SymbolEqualityComparer.Default);
    private readonly INamedTypeSymbol? _authorizeData;
    private readonly INamedTypeSymbol? _cluster;

    public TextPlaces(Compilation compilation)
    {
        foreach (var (type, parameter, kind) in Parameters) AddParameters(compilation, type, parameter, kind);
        foreach (var (type, kind) in Parsed) AddParse(compilation, type, kind);
        foreach (var (type, property) in Lists) _lists.UnionWith(compilation.GetTypeByMetadataName(type)?.GetMembers(property) ?? []);
        _authorizeData = compilation.GetTypeByMetadataName(Authorization + "IAuthorizeData");
        if (compilation.GetTypeByMetadataName("AspNetSpiffe.SpiffeClusterMetadata") is not null) _cluster = compilation.GetTypeByMetadataName("Yarp.ReverseProxy.Configuration.ClusterConfig");
    }

    /// <summary>Returns the kind of text of an argument.</summary>
    public TextKind? Of(IParameterSymbol? parameter) => parameter is not null && _parameters.TryGetValue(parameter.OriginalDefinition, out var kind) ? kind : null;

    /// <summary>Determines whether a property is a list of patterns.</summary>
    public bool IsList(IPropertySymbol property) => _lists.Contains(property);

    /// <summary>Determines whether a property is the name of a policy.</summary>
    public bool IsPolicy(IPropertySymbol property) =>
        _authorizeData is not null && property is { Name: "Policy", Type.SpecialType: SpecialType.System_String } && property.ContainingType.AllInterfaces.Contains(_authorizeData, SymbolEqualityComparer.Default);

    /// <summary>Determines whether a property is the metadata of a YARP cluster, which AddSpiffeMtls reads.</summary>
    public bool IsClusterMetadata(IPropertySymbol property) => property.Name == "Metadata" && SymbolEqualityComparer.Default.Equals(property.ContainingType, _cluster);

    private void AddParameters(Compilation compilation, string type, string name, TextKind kind)
    {
        foreach (var method in compilation.GetTypeByMetadataName(type)?.GetMembers().OfType<IMethodSymbol>() ?? [])
            foreach (var parameter in method.Parameters)
                if (parameter.Name == name && parameter.Type is { SpecialType: SpecialType.System_String } or IArrayTypeSymbol { ElementType.SpecialType: SpecialType.System_String })
                    _parameters[parameter] = kind;
    }

    private void AddParse(Compilation compilation, string type, TextKind kind)
    {
        foreach (var method in compilation.GetTypeByMetadataName(type)?.GetMembers("Parse").OfType<IMethodSymbol>() ?? [])
            if (method.Parameters is [{ Type.SpecialType: SpecialType.System_String } text])
                _parameters[text] = kind;
    }
}
