using System.Net.Sockets;
using Grpc.Core;

namespace AspNetSpiffe;

/// <summary>Explains a failed call for the operator: the meaning of the exception, and what is at the address.</summary>
internal static class CallFailure
{
    private const long EnhanceYourCalm = 0xB;

    private const string EndedWithin = "The stream ended within a message.";
    private const string Compressed = "A message is compressed, although we offered no compression.";

    public static WorkloadApiException Explain(RpcException e, AgentChannel channel)
    {
        if (channel.IsDisposed) return new(channel.Address, WorkloadApiFailure.ConnectionLost, "The connection was lost: the client is disposed.", e);

        // The channel turns every error into a status. A status with an inner exception was not sent by the agent.
        return e.Status.DebugException is { } cause ? OfCause(cause, channel) : OfText(e.Status, channel) ?? new(channel.Address, e.Status);
    }

    private static WorkloadApiException OfCause(Exception e, AgentChannel channel)
    {
        var address = channel.Address;
        if (Find<WorkloadApiException>(e) is { } explained) return explained;
        if (Find<InvalidDataException>(e) is { } data) return OfData(data, channel);
        if (Find<InvalidOperationException>(e)?.Message.StartsWith("Unexpected grpc-status value", StringComparison.Ordinal) is true)
            return new(address, new Status(StatusCode.Unknown, "a status that is not a number"));
        if (Find<SocketException>(e)?.SocketErrorCode is { } error && OfSocket(address, error) is var (failure, problem)) return new(address, failure, problem, e);
        if (Find<TimeoutException>(e) is not null && address.EndPoint is PipeEndPoint)
            return new(address, WorkloadApiFailure.NoSuchSocket, "The pipe does not exist, or it is busy. Start the agent, or correct the address.", e);
        if (Find<UnauthorizedAccessException>(e) is not null && address.EndPoint is PipeEndPoint)
            return new(address, WorkloadApiFailure.NoPermission, "This process may not open the pipe. Grant its user access to the pipe.", e);
        if (Find<HttpProtocolException>(e)?.ErrorCode == EnhanceYourCalm)
            return new(address, WorkloadApiFailure.ConnectionLost, $"The agent rejected our HTTP/2 keep-alive pings as too frequent (ENHANCE_YOUR_CALM): from now on one ping is sent per {channel.EaseOff()}.", e);
        if (channel.Last?.Stranger is { } stranger) return new(address, WorkloadApiFailure.MalformedResponse, stranger, e);

        var hint = channel.Last?.IsSilent is true
            ? " The listener closed it without sending anything: it may be an agent that is still starting, a server that requires TLS, or another program's socket. The Workload API uses HTTP/2 without TLS."
            : "";
        return new(address, WorkloadApiFailure.ConnectionLost, $"The connection was lost: {e.Message}{hint}", e);
    }

    // Message texts of Grpc.Net.Client for invalid responses. If they change, the error is treated as a transient status, and retried all the same.
    private static WorkloadApiException? OfText(Status status, AgentChannel channel) => (status.StatusCode, status.Detail) switch
    {
        (StatusCode.Cancelled, "No grpc-status found on response.") => new(channel.Address, WorkloadApiFailure.ConnectionLost, "The stream ended without a status."),
        (StatusCode.ResourceExhausted, "Received message exceeds the maximum configured message size.") => Malformed(channel, OverLimit(channel)),
        (StatusCode.Internal, "Request sent 'identity' grpc-encoding value with compressed message.") => Malformed(channel, Compressed),
        (StatusCode.Internal, var text) when text.StartsWith("Failed to deserialize response message.", StringComparison.Ordinal) =>
            new(channel.Address, WorkloadApiFailure.MalformedResponse, "It reported success without a response."),
        _ => null,
    };

    private static WorkloadApiException OfData(InvalidDataException e, AgentChannel channel) => e.Message switch
    {
        "Unexpected data after finished reading message." => new(channel.Address, WorkloadApiFailure.MalformedResponse, "It sent more than one response."),
        "Unexpected end of content while reading the message header." or "Unexpected end of content while reading the message content." => Malformed(channel, EndedWithin),
        "Unexpected compressed flag value in message header." => Malformed(channel, Compressed),
        "Message too large." => Malformed(channel, OverLimit(channel)),
        var ours => Malformed(channel, ours),
    };

    private static string OverLimit(AgentChannel channel) =>
        $"A message is longer than the limit ({nameof(SpiffeLimits.MaxMessageBytes)}), which is {channel.MaxMessageBytes}.";

    private static WorkloadApiException Malformed(AgentChannel channel, string what) =>
        new(channel.Address, WorkloadApiFailure.MalformedResponse, $"{what} The server at this address may not be a SPIFFE Workload API: check the address.");

    private static (WorkloadApiFailure, string)? OfSocket(WorkloadApiAddress address, SocketError error)
    {
        var path = (address.EndPoint as UnixDomainSocketEndPoint)?.ToString();
        if (error == SocketError.AccessDenied) return (WorkloadApiFailure.NoPermission, "This process may not open the socket. Grant its user access to the socket and its directories.");
        if (path is not null && SocketFile.WhatIsWrong(path) is { } wrong) return (WorkloadApiFailure.NoSuchSocket, wrong);
        return error switch
        {
            // .NET maps ENOENT of a Unix socket to this.
            SocketError.AddressNotAvailable when path is not null => (WorkloadApiFailure.NoSuchSocket, "The socket does not exist. Start the agent, or correct the address."),
            SocketError.ConnectionRefused when path is not null => (WorkloadApiFailure.ConnectionRefused, "Connection refused: no process listens on the socket. Start the agent; the socket file may be left over from a stopped one."),
            SocketError.ConnectionRefused => (WorkloadApiFailure.ConnectionRefused, "Connection refused: no process listens at the address. Start the agent, or correct the address."),
            _ => null,
        };
    }

    private static T? Find<T>(Exception? e) where T : Exception
    {
        for (; e is not null; e = e.InnerException)
            if (e is T found)
                return found;

        return null;
    }
}
