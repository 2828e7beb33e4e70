using System.Net.Sockets;

namespace AspNetSpiffe;

/// <summary>Why a call got no answer, in words for an operator: what the exception means, and what is found at the address.</summary>
internal static class CallFailure
{
    private const long EnhanceYourCalm = 0xB;

    public static WorkloadApiException Explain(Exception e, GrpcConnection connection)
    {
        var address = connection.Address;
        if (Find<SocketException>(e)?.SocketErrorCode is { } error && OfSocket(address, error) is var (failure, problem)) return new(address, failure, problem, e);
        if (Find<HttpProtocolException>(e)?.ErrorCode == EnhanceYourCalm)
            return new(address, WorkloadApiFailure.ConnectionLost, $"The agent finds our keep-alive pings too many (ENHANCE_YOUR_CALM): from now on there is one in {connection.EaseOff()}.", e);
        if (connection.Last?.Stranger is { } stranger) return new(address, WorkloadApiFailure.MalformedResponse, stranger, e);

        var hint = connection.Last?.IsSilent is true
            ? " What listens there closed it without a word: it may be an agent that is just starting, a server that wants TLS, or another program's socket. The Workload API speaks HTTP/2 without TLS."
            : "";
        return new(address, WorkloadApiFailure.ConnectionLost, $"The connection was lost: {e.Message}{hint}", e);
    }

    private static (WorkloadApiFailure, string)? OfSocket(WorkloadApiAddress address, SocketError error)
    {
        var path = (address.EndPoint as UnixDomainSocketEndPoint)?.ToString();
        if (error == SocketError.AccessDenied) return (WorkloadApiFailure.NoPermission, "This process may not open the socket. Grant its user access to the socket and its folders.");
        if (path is not null && SocketFile.WhatIsWrong(path) is { } wrong) return (WorkloadApiFailure.NoSuchSocket, wrong);
        return error switch
        {
            // .NET's name for ENOENT of a Unix socket.
            SocketError.AddressNotAvailable when path is not null => (WorkloadApiFailure.NoSuchSocket, "There is no such socket. Start the agent, or correct the address."),
            SocketError.ConnectionRefused when path is not null => (WorkloadApiFailure.ConnectionRefused, "Nobody listens there. Start the agent; a socket file may be left from one that is gone."),
            SocketError.ConnectionRefused => (WorkloadApiFailure.ConnectionRefused, "Nobody listens there. Start the agent, or correct the address."),
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
