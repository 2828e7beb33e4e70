namespace AspNetSpiffe.TestKit;

/// <summary>A file of one room uses a type, or an extension method, of another.</summary>
public sealed record RoomEdge(string From, string To, string Name, string File)
{
    /// <summary>Returns the edge as a complaint.</summary>
    public override string ToString() => $"{From} must not know {Name} of {To} ({File}).";
}
