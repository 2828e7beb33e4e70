using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.MeshTests;

/// <summary>A file of samples/Mesh/Router as it stands there, with other addresses.</summary>
internal static class RouterFile
{
    public static async Task<string> WriteAsync(string name, string folder, Dictionary<string, string> addresses, CancellationToken patience)
    {
        var text = await File.ReadAllTextAsync(Repository.PathOf("samples", "Mesh", "Router", name), patience);
        foreach (var (written, meant) in addresses)
        {
            Assert.Equal(2, text.Split(written).Length);
            text = text.Replace(written, meant, StringComparison.Ordinal);
        }

        var file = Path.Combine(folder, name);
        await File.WriteAllTextAsync(file, text, patience);
        return file;
    }
}
