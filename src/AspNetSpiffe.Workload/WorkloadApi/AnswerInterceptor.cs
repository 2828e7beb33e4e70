using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AspNetSpiffe.Wire;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace AspNetSpiffe;

/// <summary>Reads the answers instead of the generated code: within the limits, and clears their bytes, which may hold private keys, before the channel gives them back to its pool.</summary>
/// <remarks>A message that is compressed or ends too early is never read, and so is not cleared.</remarks>
internal sealed class AnswerInterceptor(WireMessages messages) : Interceptor
{
    // The channel remembers each method that it is given: one for each that there is.
    private readonly ConcurrentDictionary<IMethod, IMethod> _methods = [];

    private readonly object[] _readers =
    [
        Reader(messages.ReadX509Svids), Reader(messages.ReadX509Bundles), Reader(messages.ReadJwtSvids), Reader(messages.ReadJwtBundles), Reader(WireMessages.ReadValidation),
    ];

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) => continuation(request, With(context));

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation) => continuation(request, With(context));

    /// <summary>Creates a reader of answers: what is over a limit is an answer that says so, for it does not end the stream.</summary>
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
