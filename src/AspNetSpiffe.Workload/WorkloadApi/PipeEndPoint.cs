using System.Net;

namespace AspNetSpiffe;

/// <summary>A named pipe of this machine.</summary>
internal sealed class PipeEndPoint(string name) : EndPoint
{
    public string Name => name;

    // Names of pipes are case-insensitive on Windows.
    public override bool Equals(object? obj) => obj is PipeEndPoint other && string.Equals(name, other.Name, StringComparison.OrdinalIgnoreCase);

    public override int GetHashCode() => StringComparer.OrdinalIgnoreCase.GetHashCode(name);

    public override string ToString() => name;
}
