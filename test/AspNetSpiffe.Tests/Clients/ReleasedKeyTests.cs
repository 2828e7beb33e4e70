using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>A private key that was replaced is in nobody's hands.</summary>
public sealed class ReleasedKeyTests(ITestOutputHelper output) : MeshTest(output)
{
    [Theory]
    [InlineData("1.1", false)]
    [InlineData("2.0", false)]
    [InlineData("1.1", true)]
    [InlineData("2.0", true)]
    public async Task The_SVIDs_of_before_a_rotation_are_released_on_both_sides(string version, bool throughProxy)
    {
        var server = await StartServerAsync();
        var source = await SourceAsync("client");
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected), throughProxy ? Keep(new ConnectProxy()).Use : null));
        await GetAsync(client, version);

        WeakReference[] old = [SvidOf(source), SvidOf(server.Services.GetRequiredService<X509Source>())];
        await RotateAsync("client", source);
        await RotateAsync("server", server.Services.GetRequiredService<X509Source>());

        // The first request leaves the connections of before; their ends must have been seen before nothing holds the SVIDs.
        while (old.Any(svid => svid.IsAlive))
        {
            Assert.False(Timeout.IsCancellationRequested, $"Of client and server, the SVIDs of before the rotation are held: {old[0].IsAlive}, {old[1].IsAlive}.");
            await GetAsync(client, version);
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    // Not in the test itself, whose locals would hold it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference SvidOf(X509Source source) => new(source.Current!.DefaultSvid);
}
