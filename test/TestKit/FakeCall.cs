using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.TestKit;

/// <summary>A call that has come to a <see cref="FakeAgent"/>: what the client sent, and when it went away.</summary>
public sealed class FakeCall
{
    private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal FakeCall(HttpContext context, byte[] body)
    {
        Headers = context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToArray(), StringComparer.OrdinalIgnoreCase);
        (HttpMethod, Scheme, Protocol, Body) = (context.Request.Method, context.Request.Scheme, context.Request.Protocol, body);
        context.RequestAborted.Register(_aborted.SetResult);
    }

    /// <summary>Gets the headers, each with all of its values.</summary>
    public IReadOnlyDictionary<string, string?[]> Headers { get; }

    /// <summary>Gets the HTTP method.</summary>
    public string HttpMethod { get; }

    /// <summary>Gets the scheme: <c>http</c> without TLS.</summary>
    public string Scheme { get; }

    /// <summary>Gets the protocol, for example <c>HTTP/2</c>.</summary>
    public string Protocol { get; }

    /// <summary>Gets the body as it came, the five bytes included.</summary>
    public byte[] Body { get; }

    /// <summary>Gets the message, without its five bytes.</summary>
    public ReadOnlySpan<byte> Message => Body.AsSpan(5);

    /// <summary>Waits until the client has cancelled the call or its connection is gone.</summary>
    public Task WaitForAbortAsync(CancellationToken cancellationToken) => _aborted.Task.WaitAsync(cancellationToken);
}
