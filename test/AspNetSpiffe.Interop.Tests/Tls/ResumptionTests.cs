namespace AspNetSpiffe.InteropTests;

/// <summary>A server of ours takes no session back, unless its settings say so.</summary>
public sealed class ResumptionTests(ITestOutputHelper output) : SessionTest(output, allowResume: false)
{
    [Theory, Trait("Spec", "XV-p")]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task A_client_with_an_intermediate_is_answered_on_every_connection(string protocol)
    {
        for (var i = 0; i < 10; i++)
        {
            string[] session = File.Exists(Session) ? ["-sess_in", Session, "-sess_out", Session] : ["-sess_out", Session];
            AssertAnswered(await AskAsync(Port, [protocol, .. session]), "New", ClientId);
        }
    }

    // TLS 1.2 is given no session by us, so it comes with that of another endpoint of this process, which has our SVID and lets clients resume.
    [Theory, Trait("Spec", "XV-p")]
    [InlineData("-tls1_2", false)]
    [InlineData("-tls1_3", false)]
    [InlineData("-tls1_3", true)]
    public async Task A_client_whose_CA_was_removed_cannot_resume_its_old_session(string protocol, bool fromUs)
    {
        AssertAnswered(await AskAsync(fromUs ? Port : LaxPort, [protocol, "-sess_out", Session]), "New", fromUs ? ClientId : "anybody");
        if (!fromUs) AssertAnswered(await AskAsync(LaxPort, [protocol, "-sess_in", Session]), "Reused", "anybody");
        AssertAnswered(await AskAsync(Port, [protocol, "-sess_in", Session]), "New", ClientId);

        await RemoveClientAuthorityAsync();
        await AssertRefusedAsync(await AskAsync(Port, [protocol, "-sess_in", Session]));
    }

    [Theory, Trait("Spec", "XV-p")]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task A_client_whose_CA_was_removed_is_refused_on_a_new_connection(string protocol)
    {
        AssertAnswered(await AskAsync(Port, [protocol]), "New", ClientId);
        await RemoveClientAuthorityAsync();
        await AssertRefusedAsync(await AskAsync(Port, [protocol]));
    }
}
