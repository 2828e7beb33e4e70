using System.Net;
using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace AspNetSpiffe.Workload.Tests.Properties;

public sealed class WorkloadApiAddressProperties
{
    [Property]
    [Trait("Spec", "EP-03"), Trait("Spec", "EP-04"), Trait("Spec", "EP-07")]
    public Property A_Unix_address_is_the_socket_of_its_path() =>
        Prop.ForAll(Inputs.UnixAddresses, parts =>
        {
            var address = WorkloadApiAddress.Parse(parts.ToString());
            Assert.Equal(new UnixDomainSocketEndPoint(parts.SocketPath), address.EndPoint);
            Assert.Equal(parts.ToString(), address.ToString());
            Assert.True(address.IsLocal);
            Assert.Equal(address, WorkloadApiAddress.Parse($"unix:{parts.WrittenPath}"));
        });

    [Property]
    [Trait("Spec", "EP-06")]
    public Property A_TCP_address_is_the_end_point_of_its_IP_address_and_port() =>
        Prop.ForAll(Inputs.TcpAddresses, parts =>
        {
            var address = WorkloadApiAddress.Parse(parts.ToString());
            Assert.Equal(new IPEndPoint(parts.Ip, parts.Port), address.EndPoint);
            Assert.Equal(parts.ToString(), address.ToString());
            Assert.Equal(IPAddress.IsLoopback(parts.Ip), address.IsLocal);
        });

    [Property]
    [Trait("Spec", "EP-02"), Trait("Spec", "EP-03"), Trait("Spec", "EP-05")]
    public Property One_mistake_spoils_a_Unix_address() => Prop.ForAll(Inputs.SpoiledUnixAddresses, pair => AssertRefused(pair.Mistake.Spoil(pair.Valid.ToString())));

    [Property]
    [Trait("Spec", "EP-02"), Trait("Spec", "EP-06")]
    public Property One_mistake_spoils_a_TCP_address() => Prop.ForAll(Inputs.SpoiledTcpAddresses, pair => AssertRefused(pair.Mistake.Spoil(pair.Valid.ToString())));

    [Property]
    public Property What_is_read_gives_back_its_text_and_what_is_not_is_a_FormatException() =>
        Prop.ForAll(Inputs.NearlyAddresses, text =>
        {
            if (WorkloadApiAddress.TryParse(text, out var address)) Assert.Equal(text, address.ToString());
            else AssertRefused(text);
        });

    private static void AssertRefused(string text)
    {
        Assert.False(WorkloadApiAddress.TryParse(text, out _), text);
        Assert.Throws<FormatException>(() => WorkloadApiAddress.Parse(text));
    }
}
