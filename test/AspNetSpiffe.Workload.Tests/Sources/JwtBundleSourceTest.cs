using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using AspNetSpiffe.Workload.Tests.Bundles;
using Google.Protobuf;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>A test with a source of JWT bundles over the agent, whose clock only the test moves.</summary>
public abstract class JwtBundleSourceTest(ITestOutputHelper output) : AgentTest(output)
{
    private readonly List<JwtBundleSource> _sources = [];

    protected static readonly string[] Us = ["aud"];

    /// <summary>The clock of the source.</summary>
    protected ManualTime Time { get; } = new();

    /// <summary>The key 'k1' of the trust domain 'td', with which it signs its tokens.</summary>
    protected TestKey Key { get; } = TestKey.Create(KeyKind.P256);

    protected override async ValueTask StopAsync()
    {
        foreach (var source in _sources) await source.DisposeAsync();
        await base.StopAsync();
    }

    /// <summary>Makes a source that has not begun.</summary>
    protected JwtBundleSource Make(string? address = null)
    {
        var source = new JwtBundleSource(new() { EndpointSocket = address ?? Agent.Address }, Loggers, Time);
        _sources.Add(source);
        return source;
    }

    /// <summary>Makes a source that has begun.</summary>
    protected JwtBundleSource Start()
    {
        var source = Make();
        source.Start();
        return source;
    }

    /// <summary>Starts a source whose agent sends the key 'k1' at once.</summary>
    protected async Task<JwtBundleSource> StartGoodAsync()
    {
        Agent.Send(Message(("td", [("k1", Key)])));
        var source = Start();
        await source.WaitForFirstAsync(Patience);
        await WaitForAsync("JwtBundlesRenewed", Patience);
        return source;
    }

    /// <summary>Waits until the source has published its next bundles.</summary>
    protected async Task<JwtBundleSet> NextAsync(JwtBundleSource source, Action provoke)
    {
        var changed = source.GetChangeToken().ChangedAsync(Patience);
        provoke();
        await changed;
        return source.Current!;
    }

    /// <summary>Lets the source's pause before its next attempt pass.</summary>
    protected async Task PassPauseAsync() => Time.Advance(await Time.WaitForTimerAsync(Patience));

    /// <summary>How often an event was logged.</summary>
    protected int Logged(string eventName) => Logs.All.Count(r => r.Event.Name == eventName);

    /// <summary>Makes the message of these trust domains and keys.</summary>
    private protected static JWTBundlesResponse Message(params (string TrustDomain, (string KeyId, TestKey Key)[] Keys)[] bundles)
    {
        var response = new JWTBundlesResponse();
        foreach (var (trustDomain, keys) in bundles)
            response.Bundles.Add($"spiffe://{trustDomain}", ByteString.CopyFrom(TestJwk.Set([.. keys.Select(key => TestJwk.Ec(key.KeyId, key.Key.PublicKey.GetECDsaPublicKey()!))])));
        return response;
    }

    /// <summary>Makes a good token.</summary>
    protected static string Token(TestKey key, string keyId = "k1", string subject = "spiffe://td/web") =>
        (TestToken.For(subject, "aud") with { Header = $$"""{"alg":"ES256","kid":"{{keyId}}"}""" }).SignedBy(key);
}
