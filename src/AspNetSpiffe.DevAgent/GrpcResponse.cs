using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>Writes the messages of a call, and its status at the end.</summary>
internal sealed class GrpcResponse(HttpResponse response)
{
    public const string ContentType = "application/grpc";

    private const int PrefixLength = 5;

    public async Task WriteAsync(IMessage message, CancellationToken cancellationToken)
    {
        if (!response.HasStarted) response.ContentType = ContentType;
        Write(message);
        await response.BodyWriter.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the call: in the trailers, or in the headers when nothing has been sent ("Trailers-Only").</summary>
    public void End(StatusCode status, string message = "")
    {
        var code = ((int)status).ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (!response.HasStarted)
        {
            response.ContentType = ContentType;
            response.Headers["grpc-status"] = code;
            if (message.Length > 0) response.Headers["grpc-message"] = PercentEncode(message);
            return;
        }

        response.AppendTrailer("grpc-status", code);
        if (message.Length > 0) response.AppendTrailer("grpc-message", PercentEncode(message));
    }

    // Written into the connection's own buffer: no copy of a private key stays behind in one of ours.
    private void Write(IMessage message)
    {
        var length = message.CalculateSize();
        var span = response.BodyWriter.GetSpan(PrefixLength + length);
        span[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(span[1..], (uint)length);
        message.WriteTo(span.Slice(PrefixLength, length));
        response.BodyWriter.Advance(PrefixLength + length);
    }

    private static string PercentEncode(string message)
    {
        var encoded = new StringBuilder(message.Length);
        foreach (var b in Encoding.UTF8.GetBytes(message))
        {
            if (b is >= 0x20 and <= 0x7E and not (byte)'%') encoded.Append((char)b);
            else encoded.Append('%').Append(b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }

        return encoded.ToString();
    }
}
