namespace AspNetSpiffe.Benchmarks;

/// <summary>A file by which another process says that it is ready.</summary>
internal sealed class NewFile : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _file;
    private readonly FileSystemWatcher _watcher;
    private readonly ManualResetEventSlim _created = new();

    public NewFile(string file)
    {
        _file = file;

        // That of an earlier process says nothing.
        File.Delete(file);
        _watcher = new(Path.GetDirectoryName(file)!, Path.GetFileName(file));
        _watcher.Created += (_, _) => _created.Set();
        _watcher.EnableRaisingEvents = true;
    }

    public void Wait()
    {
        if (!_created.Wait(Patience)) throw new InvalidOperationException($"Nobody has written {_file}.");
    }

    public void Dispose()
    {
        _watcher.Dispose();
        _created.Dispose();
    }
}
