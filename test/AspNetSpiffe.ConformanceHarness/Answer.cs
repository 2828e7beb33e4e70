namespace AspNetSpiffe.ConformanceHarness;

/// <summary>The ways in which the contract lets a request end; nothing in it is unsupported.</summary>
internal static class Answer
{
    public static IResult Ok(object body) => Results.Json(body);

    /// <summary>The library looked at it and refused.</summary>
    public static IResult Rejected(string why) => Of(StatusCodes.Status422UnprocessableEntity, "rejected", why);

    /// <summary>Nothing can be said of the library: somebody else failed.</summary>
    public static IResult Error(string why) => Of(StatusCodes.Status500InternalServerError, "error", why);

    private static IResult Of(int code, string status, string message) => Results.Json(new { status, message }, statusCode: code);
}
