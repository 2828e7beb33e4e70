using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.MeshTests;

/// <summary>A router of samples/Mesh/Router as it stands there, with other addresses.</summary>
internal static class Router
{
    /// <summary>Starts nginx; when this returns, it listens. One process, so that nothing of it outlives the test.</summary>
    public static async Task<OutsideProgram> StartNginxAsync(string folder, Dictionary<string, string> addresses, CancellationToken patience)
    {
        var file = await WriteAsync("nginx.conf", folder, addresses, patience);
        var nginx = OutsideProgram.Start("/usr/sbin/nginx", "-p", folder, "-c", file, "-e", "stderr", "-g", "master_process off;");
        try
        {
            await nginx.WaitForErrorAsync("getrlimit", patience);
            return nginx;
        }
        catch
        {
            await nginx.DisposeAsync();
            throw;
        }
    }

    private static async Task<string> WriteAsync(string name, string folder, Dictionary<string, string> addresses, CancellationToken patience)
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
