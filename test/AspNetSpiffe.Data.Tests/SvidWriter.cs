using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.DataTests;

/// <summary><c>aspnet-spiffe write --watch --exec</c>, as the samples' READMEs have it.</summary>
internal sealed class SvidWriter : IAsyncDisposable
{
    private readonly OutsideProgram _program;

    private SvidWriter(OutsideProgram program) => _program = program;

    /// <summary>Starts it before the server is there: when this returns, the files are, and the command has failed once. Whatever it does from now on follows a change.</summary>
    public static async Task<SvidWriter> StartAsync(string address, string folder, string command, Dictionary<string, string?> environment, CancellationToken patience)
    {
        environment["SPIFFE_ENDPOINT_SOCKET"] = address;
        var program = BuiltProgram.Start(environment, "AspNetSpiffe.Cli", "aspnet-spiffe", "write", folder, "--watch", "--exec", command);
        try
        {
            await program.ReadUntilAsync("wrote", patience);
            await program.WaitForErrorAsync("ended with exit code", patience);
            return new(program);
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the command of a later change has said a line with this text.</summary>
    public Task<string> ReadUntilAsync(string text, CancellationToken patience) => _program.ReadUntilAsync(text, patience);

    public ValueTask DisposeAsync() => _program.DisposeAsync();
}
