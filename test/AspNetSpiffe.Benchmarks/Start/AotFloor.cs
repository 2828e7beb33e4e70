using System.Globalization;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Benchmarks;

/// <summary>The memory of a service as Native AOT that does nothing but mutual TLS: by Kestrel alone, and by this library. Its client is OpenSSL, here.</summary>
internal sealed class AotFloor : IAsyncDisposable
{
    private readonly Material _material = new();
    private readonly FakeAgent _agent;
    private readonly Peer _peer;
    private readonly List<double> _kestrel = [], _ours = [];

    private AotFloor(FakeAgent agent) => (_agent, _peer) = (agent, Peer.ReadFile(_material.IssuePeers("least", 1, intermediate: false))[0]);

    public static async Task<AotFloor> StartAsync()
    {
        var floor = new AotFloor(await FakeAgent.StartAsync());
        var identity = floor._material.Identity(trustDomains: 1);
        floor._agent.OnEachCall = agent => agent.Send(identity);
        return floor;
    }

    public void Measure(AotRun.Publication publication, int requests)
    {
        _kestrel.Add(Resident(publication, requests, "kestrel", _material.Folder.FullName));
        _ours.Add(Resident(publication, requests, "least", "--urls", "https://127.0.0.1:0"));
    }

    public void AddTo(Markdown text, int requests) => text.AddTable([$"a service as Native AOT that has mutual TLS and nothing else, MiB resident after {requests} requests", "min / median / max", "× Kestrel alone"],
    [
        ["Kestrel alone", Markdown.Spread(_kestrel, "0.0"), "1"],
        ["AspNetSpiffe", Markdown.Spread(_ours, "0.0"), Markdown.Spread(_ours.Zip(_kestrel, (a, b) => a / b), "0.00")],
    ]);

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        _material.Dispose();
    }

    private double Resident(AotRun.Publication publication, int requests, params string[] arguments)
    {
        using var service = publication.Start(Environment.ProcessorCount - 1, _agent.Address, arguments);
        using var client = new TlsConnection(int.Parse(service.ReadAfter("listening on: https://127.0.0.1:"), CultureInfo.InvariantCulture), _peer, []);
        for (var i = 0; i < requests; i++)
            if (!client.Get())
                throw new InvalidOperationException($"The service '{arguments[0]}' has refused a request.");

        return service.ResidentBytes / (1024.0 * 1024);
    }
}
