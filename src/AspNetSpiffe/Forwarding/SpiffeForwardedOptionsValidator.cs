using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Reports all errors in the options of the scheme at once, at start.</summary>
internal sealed class SpiffeForwardedOptionsValidator : IValidateOptions<SpiffeForwardedAuthenticationOptions>
{
    public ValidateOptionsResult Validate(string? name, SpiffeForwardedAuthenticationOptions options)
    {
        string[] mistakes = [.. MistakesIn(options).Select(mistake => $"{name}: {mistake}")];
        return mistakes.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }

    private static IEnumerable<string> MistakesIn(SpiffeForwardedAuthenticationOptions options)
    {
        if (options.TrustedProxies.Count == 0)
            yield return
                "TrustedProxies: is empty, so every forwarded certificate would be ignored. Add the trusted proxies: a SPIFFE ID or pattern of the proxy, 'loopback' or 'unix': " +
                "AddSpiffeForwarded(options => options.TrustedProxies.Add(\"spiffe://example.org/ns/edge/envoy\")).";
        foreach (var mistake in options.TrustedProxies.SelectMany(MistakesIn)) yield return mistake;
        if (!Enum.IsDefined(options.Format)) yield return $"Format: '{options.Format}' is not a valid format.";
        else if (options.HeaderName is not null && options.Format != ForwardedCertificateFormat.EscapedPem)
            yield return $"HeaderName: is '{options.HeaderName}', but the format {options.Format} defines its own headers. Remove it, or set the format {ForwardedCertificateFormat.EscapedPem}.";
        else if (options.HeaderName is { } header && (header.Length == 0 || header.Any(sign => !char.IsAsciiLetterOrDigit(sign) && sign != '-')))
            yield return $"HeaderName: '{header}' is not the name of a header; write letters, digits and '-'.";
        foreach (var mistake in PatternList.MistakesIn(options.AllowedCallers, nameof(options.AllowedCallers))) yield return mistake;
    }

    private static IEnumerable<string> MistakesIn(string? proxy, int i)
    {
        if (proxy is TrustedProxies.Loopback or TrustedProxies.Unix) return [];
        var mistakes = PatternList.MistakesIn([proxy!], "TrustedProxies").ToArray();
        if (mistakes.Length > 0) return [$"TrustedProxies:{i}: '{proxy}' is neither 'loopback' nor 'unix' nor a pattern of SPIFFE IDs. {mistakes[0]}"];
        var pattern = SpiffeIdPattern.Parse(proxy!);
        return pattern.Equals(SpiffeIdPattern.Any) ? [$"TrustedProxies:{i}: '{proxy}' would let every caller impersonate any other. List the proxies."]
            : pattern.Equals(SpiffeIdPattern.None) ? [$"TrustedProxies:{i}: '{proxy}' matches no proxy. List the proxies."]
            : [];
    }
}
