using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ARSoft.Tools.Net;
using ARSoft.Tools.Net.Dns;

namespace Mesh.Names.Dns;

/// <summary>The zone of the trust domain: the current names and their records.</summary>
/// <remarks>
/// <code>
/// example.org                          SOA, NS
/// registry.example.org                 A or AAAA   this server, which the NS record names
/// service-a.example.org                A, AAAA     the addresses that are registered
/// _https._tcp.service-a.example.org    SRV         one for each port, to service-a.example.org
/// port-9005.service-a.example.org      A, AAAA     the addresses with this port
/// </code>
/// An SRV record has a port and a name, so it means the port at every address of the name (RFC 2782). If the instances of a service have different ports, the records
/// therefore refer to <c>port-9005.service-a.example.org</c> and similar names, which always exist.
/// </remarks>
internal sealed class Zone
{
    /// <summary>The TTL of responses in seconds: a lease may end at any moment.</summary>
    private const int TimeToLive = 1;

    private const string PortPrefix = "port-";

    // The prefixes of a service name, and the maximum length of a name.
    private const int MaxNameLength = 253;
    private const int LongestBelowZone = 12 + 63 + 1;

    private readonly Leases _leases;
    private readonly string _trustDomain;
    private readonly DomainName _apex;
    private readonly DomainName _server;
    private readonly IPEndPoint[] _serverAddress;

    public Zone(RegistryOptions options, Leases leases)
    {
        _leases = leases;
        _trustDomain = options.TrustDomain.Name;
        _apex = DomainName.TryParse(_trustDomain, out var apex) && _trustDomain.Length <= MaxNameLength - LongestBelowZone
            ? apex!
            : throw new InvalidOperationException($"The trust domain '{_trustDomain}' cannot be a zone of DNS. Choose a name of at most {MaxNameLength - LongestBelowZone} characters with labels of at most 63.");
        _server = Below("registry");
        _serverAddress = options.Dns.Address.Equals(IPAddress.Any) || options.Dns.Address.Equals(IPAddress.IPv6Any) ? [] : [options.Dns];
    }

    /// <summary>Gets the SOA record, with the TTL of negative responses (RFC 2308).</summary>
    public SoaRecord Soa => new(_apex, TimeToLive, _server, Below("hostmaster"), _leases.Serial, refreshInterval: 3600, retryInterval: 600, expireInterval: 86400, negativeCachingTTL: TimeToLive);

    public bool Contains(DomainName name) => name.IsEqualOrSubDomainOf(_apex);

    /// <summary>Returns all records of a name: null if the name does not exist, empty if only names below it exist.</summary>
    public IReadOnlyList<DnsRecordBase>? Find(DomainName name)
    {
        string[] below = [.. name.Labels[..^_apex.LabelCount].Select(static label => label.ToLowerInvariant())];
        return below switch
        {
            [] => [Soa, new NsRecord(name, TimeToLive, _server)],
            ["registry"] => AddressesOf(name, _serverAddress),
            [var service] when Instances(service) is { Length: > 0 } found => AddressesOf(name, found),
            ["_tcp", var service] when Instances(service) is { Length: > 0 } => [],
            ["_https", "_tcp", var service] when Instances(service) is { Length: > 0 } found => PortsOf(name, Below(service), found),
            [var port, var service] when Instances(service, port) is { Length: > 0 } found => AddressesOf(name, found),
            _ => null,
        };
    }

    /// <summary>Returns the addresses of the target of a record, to save another query.</summary>
    public IReadOnlyList<DnsRecordBase> FindTarget(DnsRecordBase record) => record switch
    {
        SrvRecord srv => Find(srv.Target) ?? [],
        NsRecord ns => Find(ns.NameServer) ?? [],
        _ => [],
    };

    private IPEndPoint[] Instances(string service)
    {
        IPEndPoint[] found = [.. _leases.Find($"{service}.{_trustDomain}").Select(static lease => lease.EndPoint)];

        // Balances the load of clients that use the first address.
        Random.Shared.Shuffle(found);
        return found;
    }

    private IPEndPoint[] Instances(string service, string port) => [.. Instances(service).Where(instance => LabelOf(instance.Port) == port)];

    private static DnsRecordBase[] AddressesOf(DomainName name, IEnumerable<IPEndPoint> instances) =>
    [
        .. instances.Select(static instance => instance.Address).Distinct().Select(DnsRecordBase (address) =>
            address.AddressFamily == AddressFamily.InterNetwork ? new ARecord(name, TimeToLive, address) : new AaaaRecord(name, TimeToLive, address)),
    ];

    private static SrvRecord[] PortsOf(DomainName name, DomainName service, IPEndPoint[] instances)
    {
        ushort[] ports = [.. instances.Select(static instance => (ushort)instance.Port).Distinct()];
        return [.. ports.Select(port => new SrvRecord(name, TimeToLive, priority: 0, weight: 0, port, ports.Length == 1 ? service : new DomainName([LabelOf(port), .. service.Labels])))];
    }

    private static string LabelOf(int port) => PortPrefix + port.ToString(CultureInfo.InvariantCulture);

    private DomainName Below(string label) => new([label, .. _apex.Labels]);
}
