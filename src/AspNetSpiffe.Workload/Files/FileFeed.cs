using System.Runtime.CompilerServices;

namespace AspNetSpiffe;

/// <summary>Polls files, and reports each valid state, and each invalid one that persists.</summary>
/// <remarks>
/// By content, not by file system notifications, which container volumes and network file systems lack, and which a swapped symbolic link does not cause. A snapshot may contain
/// the old key and the new certificate; validation rejects it, and the next poll reads the matching pair.
/// </remarks>
internal sealed class FileFeed(SvidFiles files, TimeProvider time, SpiffeLimits limits) : IFeed
{
    // After this many successive changes, a valid state is used although files are still being written.
    private const int MostChanges = 2;

    // A rejected state may become valid although no file has changed: an authority has become valid, or the clock was corrected.
    private const int LooksBetweenJudgements = 20;

    public IAsyncEnumerable<Update<X509Context>> WatchX509UpdatesAsync(Action<string>? remarkLater, CancellationToken stopping)
    {
        var reader = new SvidFileReader(files, time, limits, remarkLater);
        return WatchAsync(withSvid: true, reader.ReadContext, stopping);
    }

    public IAsyncEnumerable<Update<X509BundleSet>> WatchX509BundleUpdatesAsync(Action<string>? remarkLater, CancellationToken stopping)
    {
        // Bundles from files are decoded immediately, because PEM and JSON must be parsed anyway.
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
