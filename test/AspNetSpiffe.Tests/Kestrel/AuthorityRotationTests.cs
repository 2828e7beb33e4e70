using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Handshakes;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>A trust domain replaces its CA, and partners come and go, while requests run without a pause.</summary>
public sealed class AuthorityRotationTests(ITestOutputHelper output) : IssuedTest(output)
{
    private readonly TestPki _pki = new("example.org");
    private readonly TestPki _partner = new("partner.org");

    [Theory, Trait("Spec", "FD-16")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_CA_is_prepared_activated_tainted_and_revoked_without_a_failed_request(string version)
    {
        var (old, next) = (_pki.Root, _pki.CreateRoot());
        await RunAsync(version,
            [
                new(old.Leaf("/server"), old.Certificate, next.Certificate),
                new(next.Leaf("/server"), old.Certificate, next.Certificate),
                new(next.Leaf("/server"), next.Certificate, old.Certificate),
                new(next.Leaf("/server"), next.Certificate),
            ],
            [
                new(old.Leaf("/client"), old.Certificate, next.Certificate),
                new(next.Leaf("/client"), old.Certificate, next.Certificate),
                new(next.Leaf("/client"), next.Certificate, old.Certificate),
                new(next.Leaf("/client"), next.Certificate),
            ]);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_partner_comes_and_goes_without_a_failed_request(string version)
    {
        TestIdentity[] Steps(string path)
        {
            var home = new TestIdentity(_pki.Leaf(path), _pki.Root.Certificate);
            return [home.With("partner.org", _partner.Root.Certificate), home, home.With("partner.org", _partner.Root.Certificate), home];
        }

        await RunAsync(version, Steps("/server"), Steps("/client"));
    }

    // Each step reaches the server first and then the client, and requests are answered between any two.
    private async Task RunAsync(string version, TestIdentity[] server, TestIdentity[] client)
    {
        var serverAgent = await IssueAsync(new(_pki.Leaf("/server"), _pki.Root.Certificate));
        var clientAgent = await IssueAsync(new(_pki.Leaf("/client"), _pki.Root.Certificate));
        var service = await StartServerAsync(serverAgent);
        var (serverSource, clientSource) = (service.Services.GetRequiredService<X509Source>(), await SourceAsync(clientAgent));
        using var http = Client(NamedAddressOf(service), SpiffeHttpHandler.Create(clientSource, SpiffeIdPattern.Parse("spiffe://example.org/server")));

        using var load = new Load(() => GetAsync(http, version));
        foreach (var (atServer, atClient) in server.Zip(client))
        {
            await load.SomeAsync(Timeout);
            await ReissueAsync(serverAgent, serverSource, atServer);
            await load.SomeAsync(Timeout);
            await ReissueAsync(clientAgent, clientSource, atClient);
        }

        await load.SomeAsync(Timeout);
        Assert.All(await load.StopAsync(), answer => Assert.Equal("spiffe://example.org/client", answer));
    }

    /// <summary>Asks one request after the other; the first that fails ends the waiting for more.</summary>
    private sealed class Load : IDisposable
    {
        private const int Some = 10;

        private readonly SemaphoreSlim _answered = new(0);
        private readonly List<string> _answers = [];
        private readonly Task _running;
        private volatile bool _stopping;

        public Load(Func<Task<string>> ask) => _running = Task.Run(async () =>
        {
            while (!_stopping)
            {
                _answers.Add(await ask());
                _answered.Release();
            }
        });

        public async Task SomeAsync(CancellationToken cancellationToken)
        {
            for (var i = 0; i < Some; i++)
            {
                var answered = _answered.WaitAsync(cancellationToken);
                if (await Task.WhenAny(answered, _running) == _running) await _running;
                await answered;
            }
        }

        public async Task<IReadOnlyList<string>> StopAsync()
        {
            _stopping = true;
            await _running;
            return _answers;
        }

        public void Dispose()
        {
            _stopping = true;
            _answered.Dispose();
        }
    }
}
