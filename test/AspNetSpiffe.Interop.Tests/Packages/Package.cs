using System.IO.Compression;
using System.Xml.Linq;

namespace AspNetSpiffe.InteropTests;

/// <summary>What is in a package.</summary>
internal sealed class Package
{
    private readonly Dictionary<string, byte[]> _files = [];

    public Package(string path)
    {
        using var zip = ZipFile.OpenRead(path);
        foreach (var entry in zip.Entries)
        {
            using var content = entry.Open();
            using var copy = new MemoryStream();
            content.CopyTo(copy);
            _files[entry.FullName] = copy.ToArray();
        }

        Metadata = XDocument.Parse(Text($"{Path.GetFileName(path).Split(".0.1.")[0]}.nuspec")).Descendants().First(element => element.Name.LocalName == "metadata");
    }

    public XElement Metadata { get; }

    public IEnumerable<string> Names => _files.Keys;

    public byte[] this[string name] => _files.TryGetValue(name, out var content) ? content : throw new Xunit.Sdk.XunitException($"The package has no '{name}'. It has {string.Join(", ", _files.Keys)}.");

    public string Text(string name) => new StreamReader(new MemoryStream(this[name])).ReadToEnd();

    /// <summary>Gives the text of an element of the metadata, without its namespace.</summary>
    public string? Say(string element) => Find(element)?.Value;

    public XElement? Find(string element) => Metadata.Elements().FirstOrDefault(e => e.Name.LocalName == element);
}
