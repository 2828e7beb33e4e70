using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>Which of several identities the tokens are of, and tokens whose time has not come.</summary>
public sealed class JwtIdentityInUseTests(ITestOutputHelper output) : JwtSourceTest(output)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact, Trait("Trial", "A-15")]
    public async Task All_tokens_are_of_the_identity_of_the_first_while_it_is_issued()
    {
        var source = Make();
        Answer(Svid(Web, Minute, "a"));
        Assert.Equal(Web, (await source.GetAsync("a", cancellationToken: Patience)).Id);
        Answer(Svid(Admin, Minute, "b"), Svid(Web, Minute, "b"));
        Assert.Equal(Web, (await source.GetAsync("b", cancellationToken: Patience)).Id);
        Assert.Contains("issues 2 JWT-SVIDs to this workload: 'spiffe://td/admin' with hint '', 'spiffe://td/web' with hint ''. It uses spiffe://td/web ", (await WaitForAsync("SeveralSvids", Patience)).Message, StringComparison.Ordinal);

        // Whom somebody asks for by name changes nothing for the others.
        Answer(Svid(Admin, Minute, "c"));
        Assert.Equal(Admin, (await source.GetAsync("c", Admin, Patience)).Id);
        Answer(Svid(Admin, Minute, "d"), Svid(Web, Minute, "d"));
        Assert.Equal(Web, (await source.GetAsync("d", cancellationToken: Patience)).Id);

        Answer(Svid(Admin, Minute, "e"));
        Assert.Equal(Admin, (await source.GetAsync("e", cancellationToken: Patience)).Id);
    }

    [Theory, Trait("Trial", "A-03")]
    [InlineData(60, false)]
    [InlineData(61, true)]
    public async Task A_token_whose_time_has_not_come_is_refused_unless_it_is_a_matter_of_a_minute(int seconds, bool refused)
    {
        var source = Make();
        var now = Time.GetUtcNow();
        var token = new TestToken { Payload = $$"""{"sub":"{{Web}}","aud":["a"],"nbf":{{now.ToUnixTimeSeconds() + seconds}},"exp":{{now.ToUnixTimeSeconds() + 600}}}""" }.ToString();
        Answer(new JWTSVID { SpiffeId = Web.ToString(), Svid = token });
        if (!refused)
        {
            Assert.Equal(token, await GetAsync(source));
            return;
        }

        Assert.Equal(
            $"The Workload API returned a JWT-SVID of 'spiffe://td/web' that is not valid before {now.AddSeconds(seconds):u}, and it is {now:u}: compare the clocks of the agent and of this machine.",
            (await Assert.ThrowsAsync<FormatException>(() => GetAsync(source))).Message);
    }

    [Fact, Trait("Trial", "O-08")]
    public async Task The_hints_of_what_there_is_instead_are_quoted()
    {
        var source = Make(options => options.Hint = "mine");
        var svid = Svid(Web, Minute, "a");
        svid.Hint = "two\nlines";
        Answer(svid);
        Assert.Contains(@"'spiffe://td/web' with hint 'two\u000alines'", (await Assert.ThrowsAsync<FormatException>(() => GetAsync(source))).Message, StringComparison.Ordinal);
    }
}
