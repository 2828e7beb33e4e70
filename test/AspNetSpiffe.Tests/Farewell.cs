using System.Net.Security;
using System.Security.Cryptography;

namespace AspNetSpiffe.Tests;

/// <summary>All that a peer sees of how its connection ends.</summary>
/// <param name="Handshake">How the handshake ended on its side.</param>
/// <param name="Reading">How reading ended, when the handshake seemed to succeed.</param>
/// <param name="Records">The TLS records that came after the peer's last word.</param>
internal sealed record Farewell(string Handshake, string Reading, string Records)
{
    /// <summary>Without an exception: at the end, no byte more to read.</summary>
    public const string Fine = "fine";

    /// <summary>Carries a handshake out on the wire, says nothing, and listens until the end.</summary>
    public static async Task<Farewell> HearAsync(Stream wire, Func<SslStream, Task> handshake, CancellationToken cancellationToken)
    {
        var heard = new HeardStream(wire);
        await using var tls = new SslStream(heard);
        var shaken = await EndOfAsync(() => handshake(tls));
        var reading = shaken != Fine ? "not begun" : await EndOfAsync(async () => Assert.Equal(0, await tls.ReadAsync(new byte[1024], cancellationToken)));
        return new(shaken, reading, heard.Records);
    }

    private static async Task<string> EndOfAsync(Func<Task> action)
    {
        try
        {
            await action();
            return Fine;
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException or CryptographicException)
        {
            return string.Join(" <- ", Causes(e).Select(cause => $"{cause.GetType().Name}: {cause.Message}"));
        }
    }

    private static IEnumerable<Exception> Causes(Exception? e)
    {
        for (; e is not null; e = e.InnerException) yield return e;
    }
}
