using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Text.Json.Nodes;

namespace AspNetSpiffe.InteropTests;

/// <summary>What the symbols of an assembly say of its sources.</summary>
internal sealed class Symbols : IDisposable
{
    private static readonly Guid SourceLink = new("CC110556-A091-4D38-9FEC-25AB9A351A6A");
    private static readonly Guid EmbeddedSource = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE");

    private readonly MetadataReaderProvider _provider;
    private readonly MetadataReader _reader;

    public Symbols(byte[] pdb)
    {
        _provider = MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(pdb));
        _reader = _provider.GetMetadataReader();
    }

    /// <summary>Gets the id that the assembly of these symbols has, too.</summary>
    public Guid Id => new BlobContentId(_reader.DebugMetadataHeader!.Id).Guid;

    /// <summary>Gets the sources: where they were, and whether the symbols bring their text.</summary>
    public IReadOnlyList<(string Path, bool IsEmbedded)> Documents =>
        [.. _reader.Documents.Select(handle => (_reader.GetString(_reader.GetDocument(handle).Name), Find(handle, EmbeddedSource) is not null))];

    /// <summary>Gets the addresses where the others are, by their path with a star.</summary>
    public IReadOnlyDictionary<string, string> Addresses =>
        JsonNode.Parse(Encoding.UTF8.GetString(Find(EntityHandle.ModuleDefinition, SourceLink) ?? []))!["documents"]!.AsObject().ToDictionary(entry => entry.Key, entry => (string)entry.Value!);

    /// <summary>Gives the id of the symbols of an assembly.</summary>
    public static Guid IdOf(byte[] assembly)
    {
        using var reader = new PEReader(new MemoryStream(assembly));
        return reader.ReadCodeViewDebugDirectoryData(reader.ReadDebugDirectory().Single(entry => entry.Type == DebugDirectoryEntryType.CodeView)).Guid;
    }

    public void Dispose() => _provider.Dispose();

    private byte[]? Find(EntityHandle of, Guid kind) => _reader.GetCustomDebugInformation(of).Select(_reader.GetCustomDebugInformation)
        .Where(information => _reader.GetGuid(information.Kind) == kind).Select(information => _reader.GetBlobBytes(information.Value)).FirstOrDefault();
}
