namespace AspNetSpiffe.Cli.Requests;

/// <summary>A header in curl's form: <c>Name: value</c>.</summary>
internal static class HeaderLine
{
    /// <exception cref="UsageException">It is not a header, or .NET rejects it.</exception>
    public static void Add(HttpRequestMessage request, string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0) throw new UsageException($"'{line}' is not a header; write its name, a colon and its value, for example 'Accept: application/json'.");

        var (name, value) = (line[..colon].Trim(), line[(colon + 1)..].Trim());
        if (request.Headers.TryAddWithoutValidation(name, value)) return;
        if (request.Content is null) throw new UsageException($"'{name}' describes a body, but there is none: set --data.");
        request.Content.Headers.Remove(name);
        if (!request.Content.Headers.TryAddWithoutValidation(name, value)) throw new UsageException($"'{name}' is not the name of a header.");
    }
}
