namespace AspNetSpiffe;

/// <summary>One element of Envoy's <c>X-Forwarded-Client-Cert</c>: pairs <c>Key=value</c> between semicolons; a value may be quoted, and may then contain <c>,</c>, <c>;</c>, <c>=</c> and <c>\"</c>.</summary>
internal static class ClientCertElement
{
    /// <exception cref="FormatException">It is malformed, or has more than one element, so that the client is ambiguous.</exception>
    public static Dictionary<string, string> Read(string header)
    {
        var pairs = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var rest = header.AsSpan(); ; rest = rest[1..])
        {
            var equals = rest.IndexOfAny("=,;\"");
            if (equals <= 0 || rest[equals] != '=') throw Malformed();
            var key = rest[..equals].ToString();
            var value = ReadValue(rest[(equals + 1)..], out rest);

            // One pair per SAN of the certificate.
            var mayComeAgain = key.Equals("URI", StringComparison.OrdinalIgnoreCase) || key.Equals("DNS", StringComparison.OrdinalIgnoreCase);
            if (!pairs.TryAdd(key, value) && !mayComeAgain) throw Malformed();
            if (rest.IsEmpty) return pairs;
            if (rest[0] == ',') throw new FormatException("The header 'X-Forwarded-Client-Cert' has more than one client: configure Envoy to replace it ('forward_client_cert_details: SANITIZE_SET').");
            if (rest[0] != ';') throw Malformed();
        }
    }

    private static string ReadValue(ReadOnlySpan<char> text, out ReadOnlySpan<char> rest)
    {
        if (text is not ['"', ..])
        {
            var length = text.IndexOfAny(',', ';');
            if (length < 0) length = text.Length;
            rest = text[length..];
            return text[..length].ToString();
        }

        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == '\\') i++;
            else if (text[i] == '"')
            {
                rest = text[(i + 1)..];
                return text[1..i].ToString().Replace("\\\"", "\"", StringComparison.Ordinal);
            }
        }

        throw Malformed();
    }

    private static FormatException Malformed() => new("The header 'X-Forwarded-Client-Cert' is malformed.");
}
