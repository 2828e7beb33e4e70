using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.TestKit;

/// <summary>One method of a <see cref="FakeAgent"/>: the steps that its calls take, and the calls that have come.</summary>
/// <remarks>A step goes to one call. Thread-safe.</remarks>
public sealed class FakeMethod
{
    private const int PrefixLength = 5;

    private readonly Channel<Func<HttpContext, Task<bool>>> _steps = Channel.CreateUnbounded<Func<HttpContext, Task<bool>>>();
    private readonly Channel<FakeCall> _calls = Channel.CreateUnbounded<FakeCall>();
    private int _callCount;

    internal FakeMethod(string name) => Name = name;

    /// <summary>Gets the name on the wire, for example <c>FetchX509SVID</c>.</summary>
    public string Name { get; }

    /// <summary>Gets how many calls have come.</summary>
    public int CallCount => Volatile.Read(ref _callCount);

    /// <summary>Waits for the next call that nobody has waited for yet.</summary>
    public async Task<FakeCall> NextCallAsync(CancellationToken cancellationToken) => await _calls.Reader.ReadAsync(cancellationToken);

    /// <summary>Sends a message behind its five bytes.</summary>
    public void Send(ReadOnlySpan<byte> message) => SendRaw(Frame(message));

    /// <summary>Sends bytes as they are.</summary>
    public void SendRaw(ReadOnlySpan<byte> bytes)
    {
        var copy = bytes.ToArray();
        Add(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(copy, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            return true;
        });
    }

    /// <summary>Ends the call with a status: in the trailers, or in the headers when nothing was sent before.</summary>
    public void CloseWith(GrpcStatusCode status, string text = "") =>
        CloseWithRaw(((int)status).ToString(CultureInfo.InvariantCulture), PercentEncode(text));

    /// <summary>Ends the call with a status as it is written on the wire; <see langword="null"/> leaves the field out.</summary>
    public void CloseWithRaw(string? status, string? message = null) => Add(context =>
    {
        context.Response.ContentType ??= "application/grpc";
        Tell(context.Response, "grpc-status", status);
        Tell(context.Response, "grpc-message", message);
        return Task.FromResult(false);
    });

    /// <summary>Ends the call cleanly.</summary>
    public void Close() => CloseWith(GrpcStatusCode.Ok);

    /// <summary>Resets the call in the middle.</summary>
    public void Abort() => Add(context =>
    {
        context.Abort();
        return Task.FromResult(false);
    });

    /// <summary>Answers as something that is no gRPC server.</summary>
    public void AnswerHttp(int statusCode, string? contentType, string body = "") => Add(async context =>
    {
        context.Response.StatusCode = statusCode;
        context.Response.ContentType = contentType;
        await context.Response.WriteAsync(body, context.RequestAborted);
        return false;
    });

    internal async Task ServeAsync(HttpContext context)
    {
        using var request = new MemoryStream();
        await context.Request.Body.CopyToAsync(request, context.RequestAborted);

        Interlocked.Increment(ref _callCount);
        _calls.Writer.TryWrite(new(context, request.ToArray()));
        try
        {
            // A step is taken by one call only, and in order.
            while (await (await _steps.Reader.ReadAsync(context.RequestAborted))(context)) ;
        }
        catch (OperationCanceledException)
        {
            // The client has gone, or the agent stops.
        }
    }

    private static byte[] Frame(ReadOnlySpan<byte> message)
    {
        var frame = new byte[PrefixLength + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame.AsSpan(PrefixLength));
        return frame;
    }

    private static void Tell(HttpResponse response, string name, string? value)
    {
        if (value is null) return;
        if (response.HasStarted) response.AppendTrailer(name, value);
        else response.Headers[name] = value;
    }

    private static string? PercentEncode(string text) =>
        text.Length == 0 ? null : string.Concat(Encoding.UTF8.GetBytes(text).Select(b => b is >= 0x20 and <= 0x7E and not (byte)'%' ? ((char)b).ToString() : $"%{b:X2}"));

    private void Add(Func<HttpContext, Task<bool>> step) => _steps.Writer.TryWrite(step);
}
