using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>The token of a request: <c>Authorization: Bearer</c> and nothing else (RFC 6750 §2.1, JWT-SVID §5.2); gRPC's metadata are the same header.</summary>
internal static class BearerToken
{
    private const string Scheme = "Bearer";

    /// <summary>Determines whether a request presents a token, good or bad.</summary>
    public static bool IsIn(HttpRequest request)
    {
        foreach (var value in request.Headers.Authorization)
            if (IsBearer(value))
                return true;

        return false;
    }

    /// <summary>Returns the token, or <see langword="null"/> where there is not exactly one: nobody is to choose between two.</summary>
    public static string? Find(HttpRequest request) =>
        request.Headers.Authorization is [{ } value] && IsBearer(value) ? value[Scheme.Length..].TrimStart(' ') : null;

    private static bool IsBearer(string? value) =>
        value is not null && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && (value.Length == Scheme.Length || value[Scheme.Length] == ' ');
}
