using System.Globalization;
using System.Text.RegularExpressions;

namespace AspNetSpiffe.InteropTests;

/// <summary>Where the settings say so, a server of ours takes the session of openssl s_client back, and judges it as if all its certificates had come.</summary>
public sealed class ResumedSessionTests(ITestOutputHelper output) : SessionTest(output, allowResume: true)
{
    [Fact]
    public async Task A_client_with_an_intermediate_resumes_its_session_again_and_again()
    {
        AssertAnswered(await AskAsync(Port, ["-sess_out", Session]), "New", ClientId);
        for (var i = 0; i < 3; i++) AssertAnswered(await AskAsync(Port, ["-sess_in", Session, "-sess_out", Session]), "Reused", ClientId);
    }

    [Fact]
    public async Task A_session_takes_no_early_data()
    {
        var result = await AskAsync(Port, ["-sess_out", Session]);
        Assert.Contains("Max Early Data: 0", result.Output, StringComparison.Ordinal);
        AssertAnswered(result, "New", ClientId);
    }

    // A ticket that outlives the time for which its address makes full handshakes would lead to a second refusal.
    [Fact]
    public async Task A_ticket_lives_no_longer_than_a_refused_address_is_kept()
    {
        var result = await AskAsync(Port, ["-sess_out", Session]);
        var lifetime = Regex.Match(result.Output, @"TLS session ticket lifetime hint: (\d+) \(seconds\)");
        Assert.True(lifetime.Success, result.All);
        Assert.InRange(TimeSpan.FromSeconds(int.Parse(lifetime.Groups[1].Value, CultureInfo.InvariantCulture)), TimeSpan.FromSeconds(1), RefusedAddresses.Period);
    }

    [Fact]
    public async Task TLS_1_2_is_not_spoken()
    {
        var result = await AskAsync(Port, ["-tls1_2"]);
        Assert.DoesNotContain("HTTP/1.1", result.Output, StringComparison.Ordinal);
        Assert.NotEqual(0, result.ExitCode);
    }

    [Fact]
    public async Task A_client_whose_CA_was_removed_is_refused_with_its_old_session_and_without()
    {
        AssertAnswered(await AskAsync(Port, ["-sess_out", Session]), "New", ClientId);
        await RemoveClientAuthorityAsync();
        await AssertRefusedAsync(await AskAsync(Port, ["-sess_in", Session]), "Reused");
        await AssertRefusedAsync(await AskAsync(Port, ["-sess_in", Session]));
    }

    // The lax endpoint names no protocols, and so has a TLS context of its own, with keys of its own for its tickets.
    [Fact]
    public async Task A_session_of_another_endpoint_with_our_SVID_is_not_taken()
    {
        AssertAnswered(await AskAsync(LaxPort, ["-sess_out", Session]), "New", "anybody");
        AssertAnswered(await AskAsync(LaxPort, ["-sess_in", Session]), "Reused", "anybody");
        AssertAnswered(await AskAsync(Port, ["-sess_in", Session]), "New", ClientId);
    }
}
