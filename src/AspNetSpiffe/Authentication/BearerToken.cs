using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>Reads the token of a request, from <c>Authorization: Bearer</c> only (RFC 6750 §2.1, JWT-SVID §5.2). The metadata of gRPC are the same header.</summary>
internal static class BearerToken
{
    private const string Scheme = "Bearer";

    /// <summary>Determines whether a request has a token, valid or not.</summary>
    public static bool IsIn(HttpRequest request)
    {
        foreach (var value in request.Headers.Authorization)
            if (IsBearer(value))
                return true;

        return false;
    }

    /// <summary>Returns the token, or <see langword="null"/> if there is not exactly one: the choice between two would be ambiguous.</summary>
    public static string? Find(HttpRequest request) =>
        request.Headers.Authorization is [{ } value] && IsBearer(value) ? value[Scheme.Length..].TrimStart(' ') : null;

    private static bool IsBearer(string? value) =>
        value is not null && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && (value.Length == Scheme.Length || value[Scheme.Length] == ' ');
}
