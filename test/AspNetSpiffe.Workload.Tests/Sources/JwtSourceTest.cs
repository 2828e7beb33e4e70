using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Grpc.Core;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>A test with a source of tokens over the agent, whose clock only the test moves.</summary>
public abstract class JwtSourceTest(ITestOutputHelper output) : AgentTest(output)
{
    protected static readonly SpiffeId Web = SpiffeId.Parse("spiffe://td/web");
    protected static readonly SpiffeId Admin = SpiffeId.Parse("spiffe://td/admin");

    private readonly List<JwtSource> _sources = [];
    private int _tokens;

    /// <summary>The clock of the source.</summary>
    protected ManualTime Time { get; } = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));

    protected override async ValueTask StopAsync()
    {
        foreach (var source in _sources) await source.DisposeAsync();
        await base.StopAsync();
    }

    protected JwtSource Make(Action<SpiffeOptions>? change = null)
    {
        var options = new SpiffeOptions { EndpointSocket = Agent.Address };
        options.Retry.Jitter = 0;
        change?.Invoke(options);
        var source = new JwtSource(options, Loggers, Time);
        _sources.Add(source);
        return source;
    }

    /// <summary>Makes a token that nobody has seen before.</summary>
    private protected JWTSVID Svid(SpiffeId id, TimeSpan lifetime, params string[] audiences)
    {
        var exp = (Time.GetUtcNow() + lifetime).ToUnixTimeSeconds();
        var aud = string.Join(',', audiences.Select(audience => $"\"{audience}\""));
        var token = new TestToken { Payload = $$"""{"sub":"{{id}}","aud":[{{aud}}],"exp":{{exp}},"jti":"{{++_tokens}}"}""" };
        return new() { SpiffeId = id.ToString(), Svid = token.ToString() };
    }

    /// <summary>Answers the next call.</summary>
    private protected void Answer(params JWTSVID[] svids)
    {
        Agent.Send(new JWTSVIDResponse { Svids = { svids } });
        Agent.CloseWith(StatusCode.OK);
    }

    /// <summary>Answers the next call with a token for the audience "a", and gives that token.</summary>
    protected string AnswerFor(TimeSpan lifetime)
    {
        var svid = Svid(Web, lifetime, "a");
        Answer(svid);
        return svid.Svid;
    }

    /// <summary>Asks for the token of the audience "a".</summary>
    protected async Task<string> GetAsync(JwtSource source) => (await source.GetAsync("a", cancellationToken: Patience)).Token;

    /// <summary>Waits until that many tokens came.</summary>
    protected Task WaitForFetchAsync(int times) => WaitForAsync("JwtSvidFetched", Patience, times);

    /// <summary>What the agent was asked for, in the order of the calls.</summary>
    private protected IReadOnlyList<JWTSVIDRequest> Asked => [.. Agent.Calls.Select(call => JWTSVIDRequest.Parser.ParseFrom(call.Body.AsSpan(5)))];
}
