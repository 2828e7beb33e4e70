using System.Collections.Concurrent;

namespace AspNetSpiffe.InteropTests;

/// <summary>The newest SVID of a workload as files: chain and key in one, which is replaced as a whole at each renewal, so that they belong together.</summary>
internal sealed class RenewedFiles
{
    private readonly ConcurrentDictionary<string, byte> _renewed = new();
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _last = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _renewals;

    private RenewedFiles(string folder, int renewals) => (Folder, _renewals) = (folder, renewals);

    public string Folder { get; }

    /// <summary>Gets what completes after so many renewals as were asked for.</summary>
    public Task AllRenewals => _last.Task;

    public static async Task<RenewedFiles> StartAsync(string folder, string socket, int renewals, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var files = new RenewedFiles(folder, renewals);
        _ = files.WatchAsync(socket, cancellationToken);
        await files._first.Task;
        return files;
    }

    /// <summary>Says whether a newer SVID than the one with this number has come.</summary>
    public bool IsRenewed(string serialNumber) => _renewed.ContainsKey(serialNumber);

    private async Task WatchAsync(string socket, CancellationToken cancellationToken)
    {
        try
        {
            using var client = new WorkloadApiClient(WorkloadApiAddress.Parse(socket));
            string? last = null;
            await foreach (var context in client.WatchX509ContextAsync(cancellationToken))
            {
                // Before the file: who connects with the old one a moment later does not count as one who has kept its connection.
                if (last is not null) _renewed[last] = 0;
                last = context.DefaultSvid.Leaf.SerialNumber;
                Write(context);
                _first.TrySetResult();
                if (_renewed.Count == _renewals) _last.TrySetResult();
            }

            throw new InvalidOperationException("The agent has ended the stream.");
        }
        catch (Exception e)
        {
            _first.TrySetException(e);
            _last.TrySetException(e);
        }
    }

    private void Write(X509Context context)
    {
        var written = PemFiles.Write(Path.Combine(Folder, "next"), context);
        if (!File.Exists(Path.Combine(Folder, "bundle.pem"))) File.Copy(written.Bundle, Path.Combine(Folder, "bundle.pem"));
        File.AppendAllText(written.Chain, File.ReadAllText(written.Key));
        File.Move(written.Chain, Path.Combine(Folder, "identity.pem"), overwrite: true);
        Directory.Delete(Path.Combine(Folder, "next"), recursive: true);
    }
}
