using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;

namespace AspNetSpiffe.Reference;

/// <summary>docs/reference/options.md: every setting and option with its default, and the method that takes it.</summary>
internal static class OptionsPage
{
    private const string Introduction =
        """
        # Settings and options

        Each key of the configuration section `Spiffe`, and each option in code, with the method that takes it.

        This page is generated: `build/reference` makes it from the code and its documentation, and a test fails when it is not current.

        ## Precedence

        | sources | takes precedence |
        |---|---|
        | code (`UseSpiffeMtls(options => …)`, `AddSpiffe(options => …)`) and configuration | code |
        | several sources of configuration | the last one, as usual in .NET: arguments, environment variables (`Spiffe__AllowedPeers__0`), user secrets, appsettings.Production.json, appsettings.json |
        | `Spiffe:EndpointSocket` and the environment variable `SPIFFE_ENDPOINT_SOCKET` | `Spiffe:EndpointSocket`; the variable is the default |
        | `Spiffe:Files` and an agent | an identity has one origin: with `Files` the variable is ignored, and a configured `EndpointSocket` fails the start |
        | the development agent and a configured agent | the configured one; the log says so |
        | a list in code and in the configuration | the list in code. Lists are never merged: the last source with any entry of the list provides all of it |

        An unknown key fails the start, as does an invalid value. Times are written `hh:mm:ss`, with days as `1.00:00:00`; `-00:00:00.001` means without limit where that is allowed. `aspnet-spiffe check` checks files before
        they are deployed ([command line](../command-line.md#check)).

        **While the service runs**, changes of `AllowedPeers`, `DrainTimeout`, `CloseBeforeExpiry` and the `CloseWhen…` keys take effect at once; all others need a restart. An error in a changed file is logged and the last valid settings are kept,
        also when a setting is removed: write the intended value, such as `spiffe://example.org/**` for all of a trust domain.

        ## Which method reads what

        | you call | it reads |
        |---|---|
        | `builder.WebHost.UseSpiffeMtls()` | all of `Spiffe`: every https endpoint is secured |
        | `builder.Services.AddSpiffeServer()` with `listenOptions.UseSpiffe()` | all of `Spiffe`: only those endpoints are secured |
        | `builder.Services.AddSpiffe()` | the identity: [`SpiffeOptions`](#identity-spiffeoptions); for workers, and for clients without a server |
        | `AddHttpClient(name).AddSpiffeFromConfiguration()` | `Spiffe:Clients:<name>` |
        | `AddHttpClient(name).AddSpiffeMtls(server)`, `AddSpiffeTls`, `AddSpiffeMtlsToWeb` | no settings: the arguments contain everything |

        """;

    private static readonly Section[] Sections =
    [
        new("Identity: SpiffeOptions", "Configuration section `Spiffe`, or `AddSpiffe(options => …)`.", typeof(SpiffeOptions), "Spiffe:"),
        new("Server: SpiffeServerOptions", "Configuration section `Spiffe`, or `UseSpiffeMtls(options => …)`.", typeof(SpiffeServerOptions), "Spiffe:"),
        new("AddSpiffeJwt on a server", "`AddAuthentication().AddSpiffeJwt(options => …)`: [tokens](../how-to/tokens.md).", typeof(SpiffeJwtAuthenticationOptions), ""),
        new("AddSpiffeForwarded", "`AddAuthentication().AddSpiffeForwarded(options => …)`: [forwarded certificates](../forwarded-certificates.md).", typeof(SpiffeForwardedAuthenticationOptions), ""),
        new("AddSpiffe on AddAuthentication", "`AddAuthentication().AddSpiffe(options => …)`; `UseSpiffeMtls()` adds the scheme by itself.", typeof(SpiffeAuthenticationOptions), ""),
        new("AddSpiffeJwt on a client", "`AddHttpClient(name).AddSpiffeJwt(audience, options => …)`, `new JwtSvidHandler(source, audience, options)`.", typeof(JwtSvidHandlerOptions), ""),
        new("MapSpiffeBundle", "`app.MapSpiffeBundle(pattern, options => …)`: [federation](../federation.md#publish-our-own).", typeof(SpiffeBundleEndpointOptions), ""),
        new("AddSpiffeDevAgent", "`builder.AddSpiffeDevAgent(options => …)`, `DevAgent.StartAsync(options)`. Development and tests only.", typeof(DevAgentOptions), ""),
    ];

    private const string Modes =
        """

        ## Endpoints and clients

        Configuration only, by the name of the endpoint in `Kestrel:Endpoints` and of the HTTP client: [TLS modes](../tls-modes.md).

        | key | default | what |
        |---|---|---|

        """;

    public static string Write()
    {
        var text = new StringBuilder(Introduction);
        foreach (var section in Sections)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {section.Title}\n\n{section.Methods}\n\n| {(section.Prefix.Length > 0 ? "key" : "option")} | kind | what |\n|---|---|---|\n");
            foreach (var row in Rows(section.Options, section.Prefix)) text.Append(row);
            if (section.Options == typeof(SpiffeServerOptions)) AppendModes(text);
        }

        return text.ToString();
    }

    private static void AppendModes(StringBuilder text)
    {
        text.Append(Modes);
        text.Append(CultureInfo.InvariantCulture, $"| `Spiffe:Endpoints:<name>:Mode` | `{SpiffeServerMode.Mutual}` | {Choices(typeof(SpiffeServerMode))} |\n");
        text.Append(CultureInfo.InvariantCulture, $"| `Spiffe:Clients:<name>:Mode` | `Mutual` | {Choices(typeof(SpiffeOptions).Assembly.GetType("AspNetSpiffe.SpiffeClientMode", throwOnError: true)!)} |\n");
        text.Append("| `Spiffe:Clients:<name>:Server` | | The expected server: an ID or a pattern. Required, except with the mode `WebServer`. |\n");
    }

    private static IEnumerable<string> Rows(Type options, string prefix)
    {
        var docs = new XmlDocs(options.Assembly);
        foreach (var property in options.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly).Where(static property => property.GetMethod is { IsPublic: true }))
        {
            var (type, what) = (property.PropertyType, docs.TextOf(property, "summary"));
            if (what.Length == 0) throw new FormatException($"{options}.{property.Name} needs a <summary>.");
            if (SectionOf(type) is { } section)
            {
                var below = type == section ? $"{prefix}{property.Name}:" : $"{prefix}{property.Name}:<trust domain>:";
                yield return $"| `{below}…` | section | {Cell(what)} |\n";
                foreach (var row in Rows(section, below)) yield return row;
                continue;
            }

            // A delegate, or what only code can give, is no key.
            var key = prefix.Length > 0 && type.IsSubclassOf(typeof(Delegate)) ? $"`{property.Name}`, in code only" : $"`{prefix}{property.Name}{(IsNamed(type) ? ":<trust domain>" : "")}`";
            string[] texts = [what, docs.TextOf(property, "value"), Choices(type)];
            yield return $"| {key} | {KindOf(type)} | {Cell(string.Join(' ', texts.Where(static part => part.Length > 0)))} |\n";
        }
    }

    private static string KindOf(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string) || type == typeof(SpiffeId) || type == typeof(TrustDomain)) return "text";
        if (type == typeof(bool)) return "true or false";
        if (type == typeof(TimeSpan)) return "time";
        if (type.IsPrimitive) return "number";
        if (type.IsEnum) return "one of";
        if (type.IsSubclassOf(typeof(Delegate))) return "code";
        return IsNamed(type) ? $"{KindOf(type.GenericTypeArguments[1])} by name" : type.IsAssignableTo(typeof(IEnumerable)) || IsList(type) ? "list" : "object";
    }

    private static bool IsNamed(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IDictionary<,>);

    private static bool IsList(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() is { } definition && (definition == typeof(IReadOnlyList<>) || definition == typeof(IList<>));

    // The options below a key: a class of its own, or one for each trust domain.
    private static Type? SectionOf(Type type)
    {
        var section = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IDictionary<,>) ? type.GenericTypeArguments[1] : type;
        return section.Assembly == typeof(SpiffeOptions).Assembly && section.IsClass && section != typeof(SpiffeId) && section != typeof(TrustDomain) && !section.IsSubclassOf(typeof(Delegate)) ? section : null;
    }

    private static string Choices(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (!type.IsEnum) return "";
        var docs = new XmlDocs(type.Assembly);
        return string.Join(' ', type.GetFields(BindingFlags.Static | BindingFlags.Public).Select(field => $"`{field.Name}`: {docs.TextOf(field, "summary")}"));
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    private sealed record Section(string Title, string Methods, Type Options, string Prefix);
}
