using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.InteropTests;

/// <summary>What the server has seen of one caller: its requests, its SVIDs, and over which connections.</summary>
internal sealed class ConnectionRecord(RenewedFiles files)
{
    private readonly ConcurrentDictionary<string, byte> _serialNumbers = new();
    private readonly ConcurrentDictionary<string, byte> _newWithNewest = new();
    private readonly ConcurrentDictionary<string, byte> _connections = new();
    private readonly ConcurrentDictionary<string, byte> _kept = new();
    private long _requests;

    public long Requests => Interlocked.Read(ref _requests);

    public int Connections => _connections.Count;

    public int SerialNumbers => _serialNumbers.Count;

    /// <summary>Gets how many connections had requests both before and after their SVID was renewed.</summary>
    public int KeptPastRenewal => _kept.Count;

    public void Add(HttpContext http)
    {
        var (connection, serialNumber) = (http.Connection.Id, http.Connection.ClientCertificate!.SerialNumber);
        Interlocked.Increment(ref _requests);
        _serialNumbers[serialNumber] = 0;
        var isRenewed = files.IsRenewed(serialNumber);
        if (_connections.TryAdd(connection, 0) && !isRenewed) _newWithNewest[connection] = 0;
        if (isRenewed && _newWithNewest.ContainsKey(connection)) _kept[connection] = 0;
    }
}
