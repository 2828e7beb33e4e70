using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AspNetSpiffe.Wire;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace AspNetSpiffe;

/// <summary>Deserializes responses instead of the generated code: checks the limits, and clears the bytes, which may contain private keys, before the channel returns them to its pool.</summary>
/// <remarks>A message that is compressed or truncated is never read, and so is not cleared.</remarks>
internal sealed class AnswerInterceptor(WireMessages messages) : Interceptor
{
    // The channel caches each method object that it is given, so there must be one per method.
    private readonly ConcurrentDictionary<IMethod, IMethod> _methods = [];

    private readonly object[] _readers =
    [
        Reader(messages.ReadX509Svids), Reader(messages.ReadX509Bundles), Reader(messages.ReadJwtSvids), Reader(messages.ReadJwtBundles), Reader(WireMessages.ReadValidation),
    ];

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) => continuation(request, With(context));

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation) => continuation(request, With(context));

    /// <summary>Creates a deserializer. A response over a limit becomes a response with an error, because it does not end the stream.</summary>
    internal static Func<DeserializationContext, T> Reader<T>(Func<ReadOnlySequence<byte>, T?> read) where T : class, IAnswer, new() => context =>
    {
        var bytes = context.PayloadAsReadOnlySequence();
        try
        {
            return read(bytes) ?? throw new InvalidDataException($"A message of {bytes.Length} bytes is not a message of the Workload API.");
        }
        catch (FormatException e)
        {
            return new() { Refusal = e };
        }
        finally
        {
            foreach (var part in bytes) CryptographicOperations.ZeroMemory(MemoryMarshal.AsMemory(part).Span);
        }
    };

    private ClientInterceptorContext<TRequest, TResponse> With<TRequest, TResponse>(ClientInterceptorContext<TRequest, TResponse> context)
        where TRequest : class where TResponse : class
    {
        var method = _methods.GetOrAdd(context.Method, static (method, all) => all.Replace((Method<TRequest, TResponse>)method), this);
        return new((Method<TRequest, TResponse>)method, context.Host, context.Options);
    }

    private Method<TRequest, TResponse> Replace<TRequest, TResponse>(Method<TRequest, TResponse> method) => new(
        method.Type,
        method.ServiceName,
        method.Name,
        method.RequestMarshaller,
        new(method.ResponseMarshaller.ContextualSerializer, _readers.OfType<Func<DeserializationContext, TResponse>>().Single()));
}
