using System.Globalization;
using AspNetSpiffe.TestKit;
using StackExchange.Redis;

namespace AspNetSpiffe.DataTests;

/// <summary>A real Redis in a folder of its own, with the settings of samples/Redis and an SVID that is kept fresh.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly OutsideProgram _program;
    private readonly SvidWriter _writer;
    private readonly string _folder;

    private RedisServer(OutsideProgram program, SvidWriter writer, string folder, int port) => (_program, _writer, _folder, Port) = (program, writer, folder, port);

    public int Port { get; }

    /// <summary>Starts it; when this returns, it takes connections.</summary>
    public static async Task<RedisServer> StartAsync(string folder, string address, CancellationToken patience)
    {
        var reload = $"redis-cli -s {folder}/redis.sock --user reload CONFIG SET tls-cert-file spiffe/tls.crt tls-key-file spiffe/tls.key tls-ca-cert-file spiffe/ca.crt";
        var writer = await SvidWriter.StartAsync(address, Path.Combine(folder, "spiffe"), reload, new() { ["REDISCLI_AUTH"] = "another password" }, patience);
        try
        {
            return await FreePort.StartAsync(port => StartAsync(writer, folder, port, patience));
        }
        catch
        {
            await writer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Gives what a client of the sample connects with.</summary>
    public ConfigurationOptions Client(string more = "") => ConfigurationOptions.Parse($"127.0.0.1:{Port},user=orders,password=a password{more}");

    /// <summary>Does what changes the server's SVID or bundle, and waits until its new connections have the change.</summary>
    public async Task ReloadedAsync(Action change, CancellationToken patience)
    {
        change();
        await _writer.ReadUntilAsync("OK", patience);
    }

    /// <summary>Ends the connections of all clients.</summary>
    public async Task EndConnectionsAsync(CancellationToken patience)
    {
        var ended = await OutsideProgram.RunAsync(
            "redis-cli", ["-s", Path.Combine(_folder, "redis.sock"), "--user", "reload", "--pass", "another password", "--no-auth-warning", "CLIENT", "KILL", "USER", "orders"], "", patience);
        Assert.True(ended.ExitCode == 0 && int.Parse(ended.Output, CultureInfo.InvariantCulture) > 0, ended.All);
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        await _program.DisposeAsync();
    }

    private static async Task<RedisServer> StartAsync(SvidWriter writer, string folder, int port, CancellationToken patience)
    {
        var program = OutsideProgram.Start(
            "redis-server", Repository.PathOf("samples", "Redis", "server", "redis.conf"), "--dir", folder, "--tls-port", port.ToString(CultureInfo.InvariantCulture), "--daemonize", "no");
        try
        {
            await program.ReadUntilAsync("eady to accept connections", patience);
            return new(program, writer, folder, port);
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }
}
