using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using AspNetSpiffe;

namespace Mesh;

/// <summary>Command line options of several parts of the mesh.</summary>
public static class Arguments
{
    /// <summary>Creates the option for the trust domain.</summary>
    public static Option<TrustDomain> TrustDomain() => Parsed("--trust-domain", "The trust domain of the mesh, and the zone of its names", AspNetSpiffe.TrustDomain.Parse, "example.org");

    /// <summary>Creates an option for an address and a port, for example <c>127.0.0.1:9000</c> or <c>[::1]:9000</c>.</summary>
    public static Option<IPEndPoint> EndPoint(string name, string description, string value) => Parsed(name, description, IPEndPoint.Parse, value);

    /// <summary>Creates an option for a time in seconds.</summary>
    public static Option<TimeSpan> Seconds(string name, string description, int value) => new(name)
    {
        Description = $"{description}, in seconds",
        DefaultValueFactory = _ => TimeSpan.FromSeconds(value),
        CustomParser = result => int.TryParse(result.Tokens.Single().Value, CultureInfo.InvariantCulture, out var seconds) && seconds > 0 ? TimeSpan.FromSeconds(seconds) : Mistake<TimeSpan>(result, "is not a number of seconds"),
    };

    /// <summary>Creates an option whose value is parsed, with a default.</summary>
    public static Option<T> Parsed<T>(string name, string description, Func<string, T> parse, string value) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => parse(value),
        CustomParser = result =>
        {
            try
            {
                return parse(result.Tokens.Single().Value);
            }
            catch (FormatException mistake)
            {
                return Mistake<T>(result, $"is not valid: {mistake.Message}");
            }
        },
    };

    private static T? Mistake<T>(ArgumentResult result, string problem)
    {
        result.AddError($"'{result.Tokens.Single().Value}' {problem}");
        return default;
    }
}
