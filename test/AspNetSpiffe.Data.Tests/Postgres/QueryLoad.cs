using System.Globalization;
using System.Numerics;
using Npgsql;

namespace AspNetSpiffe.DataTests;

/// <summary>Queries without pause, over the connections of a pool, each of which asks PostgreSQL which certificate of ours it has verified.</summary>
internal sealed class QueryLoad(NpgsqlDataSource database)
{
    private readonly Dictionary<BigInteger, TaskCompletionSource> _serials = [];

    /// <summary>Runs until it is ended; gives how many queries were answered. The first that fails ends it.</summary>
    public async Task<long> RunAsync(int workers, CancellationToken ending)
    {
        var answered = await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => WorkAsync(ending)));
        return answered.Sum();
    }

    /// <summary>Waits until a query was answered over a connection that shows the certificate with this serial number.</summary>
    public Task SeenAsync(BigInteger serial, CancellationToken patience) => Serial(serial).Task.WaitAsync(patience);

    private async Task<long> WorkAsync(CancellationToken ending)
    {
        var answered = 0L;
        for (; !ending.IsCancellationRequested; answered++)
        {
            await using var command = database.CreateCommand("SELECT client_serial::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
            Serial(BigInteger.Parse((string)(await command.ExecuteScalarAsync(CancellationToken.None))!, CultureInfo.InvariantCulture)).TrySetResult();
        }

        return answered;
    }

    private TaskCompletionSource Serial(BigInteger serial)
    {
        lock (_serials)
            return _serials.TryGetValue(serial, out var known) ? known : _serials[serial] = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
