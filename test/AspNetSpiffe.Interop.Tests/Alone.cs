namespace AspNetSpiffe.InteropTests;

/// <summary>Tests that put the machine under load themselves: they run after all others of this project, one after the other.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}
