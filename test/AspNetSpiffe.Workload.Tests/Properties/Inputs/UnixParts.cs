using System.Collections.Immutable;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>A valid address of a Unix socket in its parts.</summary>
internal sealed record UnixParts(string Slashes, ImmutableArray<ImmutableArray<PathCharacter>> Segments)
{
    public string SocketPath => Joined(character => character.Meant);

    public string WrittenPath => Joined(character => character.Written);

    public override string ToString() => $"unix:{Slashes}{WrittenPath}";

    private string Joined(Func<PathCharacter, string> select) => string.Concat(Segments.Select(segment => "/" + string.Concat(segment.Select(select))));
}
