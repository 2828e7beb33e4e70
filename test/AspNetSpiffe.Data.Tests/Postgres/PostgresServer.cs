using System.Globalization;
using AspNetSpiffe.TestKit;
using Npgsql;
using Xunit.Sdk;

namespace AspNetSpiffe.DataTests;

/// <summary>A real PostgreSQL in a folder of its own, with the settings of samples/Postgres and an SVID that is kept fresh.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private readonly OutsideProgram _program;
    private readonly SvidWriter _writer;
    private readonly string _data;

    private PostgresServer(OutsideProgram program, SvidWriter writer, string data, int port) => (_program, _writer, _data, Port) = (program, writer, data, port);

    public int Port { get; }

    /// <summary>Starts it; when this returns, it takes connections.</summary>
    /// <param name="folder">Where all of it lies.</param>
    /// <param name="address">The Workload API of the server.</param>
    /// <param name="access">What pg_hba.conf says; by default that of the sample.</param>
    /// <param name="patience">How long to wait.</param>
    public static async Task<PostgresServer> StartAsync(string folder, string address, string? access, CancellationToken patience)
    {
        var data = Path.Combine(folder, "data");
        await RunAsync("initdb", patience, "-D", data, "-U", "postgres", "--auth", "trust", "--locale", "C", "--encoding", "UTF8", "--no-sync", "--no-instructions");
        await File.AppendAllTextAsync(Path.Combine(data, "postgresql.conf"), await File.ReadAllTextAsync(SampleFile("postgresql.conf"), patience), patience);
        await File.WriteAllTextAsync(Path.Combine(data, "pg_hba.conf"), access ?? await File.ReadAllTextAsync(SampleFile("pg_hba.conf"), patience), patience);

        var writer = await SvidWriter.StartAsync(address, Path.Combine(data, "spiffe"), string.Join(' ', [.. CommandOf("pg_ctl"), "reload", "-D", data]), [], patience);
        try
        {
            var server = await FreePort.StartAsync(port => StartAsync(writer, data, port, patience));
            await server.SetUpAsync(patience);
            return server;
        }
        catch
        {
            await writer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Gives what a client of the sample connects with.</summary>
    public NpgsqlDataSourceBuilder Client(string password = "a password", string more = "") =>
        new($"Host=127.0.0.1;Port={Port};Database=shop;Username=shop;Password={password};{more}");

    /// <summary>Does what changes the server's SVID or bundle, and waits until its new connections have the change.</summary>
    public async Task ReloadedAsync(Action change, CancellationToken patience)
    {
        var from = _program.ErrorCount;
        change();
        await _program.WaitForErrorAsync("received SIGHUP", patience, from);
    }

    /// <summary>Waits until the server has said why it rejected a client.</summary>
    public Task<string> RejectedAsync(string text, CancellationToken patience) => _program.WaitForErrorAsync(text, patience);

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();

        // What is killed outright leaves its shared memory behind.
        await RunAsync("pg_ctl", CancellationToken.None, "stop", "-D", _data, "-m", "fast");
        await _program.DisposeAsync();
    }

    private static async Task<PostgresServer> StartAsync(SvidWriter writer, string data, int port, CancellationToken patience)
    {
        var command = CommandOf("postgres");
        var program = OutsideProgram.Start(
            command[0], [.. command[1..], "-D", data, "-p", port.ToString(CultureInfo.InvariantCulture), "-k", data, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
        try
        {
            await program.WaitForErrorAsync("ready to accept connections", patience);
            return new(program, writer, data, port);
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    private async Task SetUpAsync(CancellationToken patience)
    {
        string[] administrator = ["--host", _data, "--port", Port.ToString(CultureInfo.InvariantCulture), "--username", "postgres"];
        await RunAsync("createdb", patience, [.. administrator, "shop"]);
        await RunAsync("psql", patience, [.. administrator, "--dbname", "shop", "--set", "ON_ERROR_STOP=1", "--file", SampleFile("setup.sql")]);
    }

    private static async Task RunAsync(string program, CancellationToken patience, params string[] arguments)
    {
        var command = CommandOf(program);
        var result = await OutsideProgram.RunAsync(command[0], [.. command[1..], .. arguments], "", patience);
        Assert.True(result.ExitCode == 0, result.All);
    }

    // PostgreSQL refuses to run as root: in a user namespace the same user has another number, and what it owns it owns there too.
    private static string[] CommandOf(string program) => Environment.IsPrivilegedProcess
        ? ["unshare", "--user", "--map-user=1000", "--map-group=1000", PathOf(program)]
        : [PathOf(program)];

    // Debian's are not on the path, in a folder of their version.
    private static string PathOf(string program) =>
        Directory.Exists("/usr/lib/postgresql") && Directory.GetFiles("/usr/lib/postgresql", program, SearchOption.AllDirectories) is { Length: > 0 } found
            ? found.Max(StringComparer.Ordinal)!
            : throw new XunitException($"There is no '{program}' below /usr/lib/postgresql. Run 'build/install-test-tools', which installs the outside tools that the tests talk to.");

    private static string SampleFile(string name) => Repository.PathOf("samples", "Postgres", "server", name);
}
