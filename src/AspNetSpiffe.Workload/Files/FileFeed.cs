using System.Runtime.CompilerServices;

namespace AspNetSpiffe;

/// <summary>Looks at files again and again, and tells each state that is good, and each bad one that stays.</summary>
/// <remarks>
/// By their contents, and not by notifications: volumes of containers and network file systems have none, and whoever swaps a symbolic link changes no file. One state is read at one moment, so
/// that a pair of key and certificate can still be of two; whoever judges it refuses that, and the next look finds the pair.
/// </remarks>
internal sealed class FileFeed(SvidFiles files, TimeProvider time, SpiffeLimits limits) : IFeed
{
    // So long somebody may go on writing before we take a good state that is not the last.
    private const int MostChanges = 2;

    // A state that was refused may be good by now, although no file has changed: an authority's time has come, or the clock was put right.
    private const int LooksBetweenJudgements = 20;

    public IAsyncEnumerable<Update<X509Context>> WatchX509UpdatesAsync(Action<string>? remarkLater, CancellationToken stopping)
    {
        var reader = new SvidFileReader(files, time, limits, remarkLater);
        return WatchAsync(withSvid: true, reader.ReadContext, stopping);
    }

    public IAsyncEnumerable<Update<X509BundleSet>> WatchX509BundleUpdatesAsync(Action<string>? remarkLater, CancellationToken stopping)
    {
        // What files have is decoded when it is read, as PEM and JSON must be.
        var reader = new SvidFileReader(files, time, limits, null);
        return WatchAsync(withSvid: false, reader.ReadX509Bundles, stopping);
    }

    public IAsyncEnumerable<Update<JwtBundleSet>> WatchJwtUpdatesAsync(CancellationToken stopping)
    {
        var reader = new SvidFileReader(files, time, limits, null);
        return WatchAsync(withSvid: false, reader.ReadJwtBundles, stopping);
    }

    public void Dispose()
    {
    }

    private async IAsyncEnumerable<Update<T>> WatchAsync<T>(bool withSvid, Func<FileSnapshot, Update<T>> judge, [EnumeratorCancellation] CancellationToken stopping)
        where T : class
    {
        var (told, seen, changes, looks, isRefused) = ("", "", MostChanges, 0, false);
        while (true)
        {
            if (Next() is { } update) yield return update;
            await Task.Delay(files.Interval, time, stopping).ConfigureAwait(false);
        }

        Update<T>? Next()
        {
            using var snapshot = FileSnapshot.Of(files, withSvid, limits.MaxMessageBytes);
            var isSettled = snapshot.Digest == seen;
            seen = snapshot.Digest;
            changes = isSettled ? 0 : changes + 1;
            var isOld = snapshot.Digest == told;
            if (isOld && !(isRefused && ++looks % LooksBetweenJudgements == 0)) return null;
            if (!isSettled && changes < MostChanges) return null;

            var update = judge(snapshot);
            if (update.Value is null && (isOld || !isSettled)) return null;
            (told, isRefused, changes) = (snapshot.Digest, update.Value is null, 0);
            return update;
        }
    }
}
