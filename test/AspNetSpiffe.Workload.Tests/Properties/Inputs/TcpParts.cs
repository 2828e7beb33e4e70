using System.Net;
using System.Net.Sockets;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>A valid TCP address in its parts; IPv6 in its short form or spelled out.</summary>
internal sealed record TcpParts(IPAddress Ip, int Port, bool SpelledOut)
{
    public string Host => Ip.AddressFamily == AddressFamily.InterNetwork ? Ip.ToString() : $"[{(SpelledOut ? Groups : Ip.ToString())}]";

    public override string ToString() => $"tcp://{Host}:{Port}";

    private string Groups => string.Join(':', Ip.GetAddressBytes().Chunk(2).Select(pair => $"{(pair[0] << 8) | pair[1]:x}"));
}
