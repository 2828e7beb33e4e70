using System.Globalization;
using AspNetSpiffe.TestKit;
using Google.Protobuf;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Many federated bundles in one message: what the first costs a server until it has accepted a peer of one of them, and what the next ones cost.</summary>
internal static class BundleGrowth
{
    private const int WarmUp = 5, Messages = 5;

    public static Task<GrowthPart> RunAsync(int[] counts, int rounds)
    {
        Curve[] first = [new("first message, until a peer is accepted", "ms of CPU", "≤ 300 ms with 10,000"), new("first message, allocated", "KB")];
        Curve[] floor = [new("of each message, Google.Protobuf's part", "ms of CPU"), new("of each message, Google.Protobuf's part, allocated", "KB")];
        Curve[] none = Next("in which the SVID is new and no bundle");
        Curve[] one = Next("in which one bundle is new");
        Curve[] some = Next("in which 1 % of the bundles are new");
        return RunAsync(counts, rounds, first, floor, [(none, _ => 0), (one, _ => 1), (some, count => Math.Max(1, count / 100))]);

        static Curve[] Next(string what) => [new($"next message, {what}", "ms of CPU"), new($"next message, {what}, allocated", "KB")];
    }

    private static async Task<GrowthPart> RunAsync(int[] counts, int rounds, Curve[] first, Curve[] floor, (Curve[] Curves, Func<int, int> Changed)[] next)
    {
        using var material = new GrowthMaterial();
        var peer = Peer.ReadFile(material.Material.IssueFederatedPeers("federated", 1))[0];
        for (var round = 0; round < rounds; round++)
        {
            foreach (var count in counts)
            {
                await using var ours = await SpiffeServer.StartAsync(material.Material);
                for (var i = 0; i < WarmUp; i++) Send(ours, material.Renewed(material.Identity(bundles: 1), changed: 0), peer);

                var identity = material.Identity(count);
                Add(first, count, Send(ours, identity, peer));
                Add(floor, count, Parse(count, material.Material.BundleBytes));
                foreach (var (curves, changed) in next)
                    for (var i = 0; i < Messages; i++)
                        Add(curves, count, Send(ours, identity = material.Renewed(identity, changed(count)), peer));
            }
        }

        return new("Federated bundles in a message", "bundles", [.. first, .. next.SelectMany(n => n.Curves), .. floor]);
    }

    private static void Add(Curve[] curves, int count, (double Cpu, double Bytes) cost)
    {
        curves[0].Add(count, cost.Cpu);
        curves[1].Add(count, cost.Bytes / 1e3);
    }

    // In this process: what nobody who is sent all bundles can do without.
    private static (double Cpu, double Bytes) Parse(int count, int length)
    {
        var message = new Wire.X509SVIDResponse();
        for (var i = 0; i < count; i++) message.FederatedBundles.Add(string.Create(CultureInfo.InvariantCulture, $"spiffe://td{i}.example"), ByteString.CopyFrom(new byte[length]));
        var bytes = message.ToByteArray();
        Wire.X509SVIDResponse.Parser.ParseFrom(bytes);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var cpu = Cost.Of(() => Wire.X509SVIDResponse.Parser.ParseFrom(bytes));
        return (cpu, GC.GetAllocatedBytesForCurrentThread() - allocated);
    }

    private static (double Cpu, double Bytes) Send(SpiffeServer ours, TestIdentity identity, Peer peer)
    {
        var (bytes, cpu) = (ours.Server.Allocated!.Value, ours.Server.Process.Cpu);
        ours.Send(identity);
        using (var connection = new TlsConnection(ours.Server.Port, peer, []))
            if (!connection.Get())
                throw new InvalidOperationException("A peer of a federated trust domain was refused.");

        return ((ours.Server.Process.Cpu - cpu).TotalMilliseconds, ours.Server.Allocated.Value - bytes);
    }
}
