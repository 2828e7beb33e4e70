using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AspNetSpiffe;

public sealed partial class WorkloadApiAddress
{
    // sun_path has 108 bytes, including the terminating zero.
    private const int MaxSocketPathBytes = 107;

    private const int MaxPipeName = 256;

    /// <summary>Parses an address (SPIFFE Workload Endpoint §4). Not with System.Uri, which normalises its input.</summary>
    /// <returns>The error, or <see langword="null"/>.</returns>
    private static string? Scan(string text, out EndPoint? endPoint)
    {
        endPoint = null;
        if (text.AsSpan().IndexOfAnyExceptInRange('!', '~') is >= 0 and var i) return $"the character at position {i} is not allowed; write it as %XX.";
        if (text.AsSpan().IndexOfAny('?', '#') is >= 0 and var q) return $"it has a '{text[q]}' at position {q}, but a query or a fragment is not allowed.";
        if (text.StartsWith("unix:", StringComparison.OrdinalIgnoreCase)) return ScanUnix(text["unix:".Length..], out endPoint);
        if (text.StartsWith("tcp:", StringComparison.OrdinalIgnoreCase)) return ScanTcp(text["tcp:".Length..], out endPoint);
        if (text.StartsWith("npipe:", StringComparison.OrdinalIgnoreCase)) return ScanPipe(text["npipe:".Length..], out endPoint);
        return text.StartsWith('/')
            ? $"it has no scheme; write 'unix://{text}'."
            : "it must begin with 'unix:', 'tcp:' or 'npipe:'.";
    }

    // As in go-spiffe: a name, not a path.
    private static string? ScanPipe(string name, out EndPoint? endPoint)
    {
        const string Example = "write the name of the pipe, without '\\\\.\\pipe\\', as in 'npipe:spire-agent\\public\\api'.";
        endPoint = null;
        if (name.Length == 0) return $"it names no pipe; {Example}";
        if (name.AsSpan().IndexOfAny('/', ':') is >= 0 and var i) return $"the name of its pipe has a '{name[i]}'; {Example}";
        if (name[0] == '\\') return $"the name of its pipe begins with '\\'; {Example}";
        if (name.Length > MaxPipeName) return $"the name of its pipe has {name.Length} characters; the limit is {MaxPipeName}.";
        endPoint = new PipeEndPoint(name);
        return null;
    }

    private static string? ScanUnix(string rest, out EndPoint? endPoint)
    {
        endPoint = null;
        var path = rest.StartsWith("//", StringComparison.Ordinal) ? rest[2..] : rest;
        if (path.Length == 0 || path == "/") return "it names no socket; write 'unix:///path/to/agent.sock'.";
        if (path[0] != '/')
            return rest.Length == path.Length
                ? $"the path is relative; write the whole path, as in 'unix:///{path}'."
                : $"'{path.Split('/')[0]}' is in the place of a host name; write three slashes, as in 'unix:///{path}'.";

        if (!TryDecodePercent(path, out var decoded)) return "a '%' in its path is not followed by two hexadecimal digits of valid UTF-8.";
        if (decoded.Contains('\0')) return "its path has a NUL character.";

        var bytes = Encoding.UTF8.GetByteCount(decoded);
        if (bytes > MaxSocketPathBytes) return $"its path has {bytes} bytes; a Unix socket's path has at most {MaxSocketPathBytes}.";
        endPoint = new UnixDomainSocketEndPoint(decoded);
        return null;
    }

    private static string? ScanTcp(string rest, out EndPoint? endPoint)
    {
        const string Example = "write an IP address and a port, as in 'tcp://127.0.0.1:8081' or 'tcp://[::1]:8081'.";
        endPoint = null;
        if (!rest.StartsWith("//", StringComparison.Ordinal)) return $"'//' is missing after 'tcp:'; {Example}";

        var authority = rest[2..];
        if (authority.Contains('/')) return $"it has a path; {Example}";
        if (authority.Contains('@')) return $"it has a user; {Example}";

        var colon = authority.LastIndexOf(':');
        if (colon < 0 || authority.EndsWith(']')) return $"it has no port; {Example}";

        var host = authority[..colon];
        if (!TryParseHost(host, out var ip)) return $"'{host}' is not an IP address; {Example}";
        if (!ushort.TryParse(authority.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0)
            return $"'{authority[(colon + 1)..]}' is not a port; {Example}";

        endPoint = new IPEndPoint(ip, port);
        return null;
    }

    // Only the canonical spelling: IPAddress.Parse also accepts '1' for 0.0.0.1, a second pair of brackets, a port or a zone.
    private static bool TryParseHost(string host, out IPAddress ip)
    {
        var bracketed = host.StartsWith('[') && host.EndsWith(']');
        var bare = bracketed ? host[1..^1] : host;
        ip = IPAddress.None;
        if (bare.AsSpan().IndexOfAny("[]%") >= 0 || !IPAddress.TryParse(bare, out var parsed)) return false;
        ip = parsed;
        return bracketed
            ? parsed.AddressFamily == AddressFamily.InterNetworkV6
            : parsed.AddressFamily == AddressFamily.InterNetwork && parsed.ToString() == host;
    }

    private static bool TryDecodePercent(string path, out string decoded)
    {
        decoded = path;
        if (!path.Contains('%')) return true;

        var bytes = new List<byte>(path.Length);
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] != '%')
            {
                bytes.Add((byte)path[i]);
                continue;
            }

            if (i + 2 >= path.Length || !byte.TryParse(path.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)) return false;
            bytes.Add(value);
            i += 2;
        }

        try
        {
            decoded = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString([.. bytes]);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
