using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf;
using Grpc.Core;

namespace AspNetSpiffe.InteropTests;

/// <summary>WA-1 and WA-2 of the suite's catalogue: neither an end of the stream nor a broken message costs the identity.</summary>
public sealed class StreamTests(ServedHarness served) : IClassFixture<ServedHarness>
{
    [Theory, Trait("Spec", "WA-02"), Trait("Spec", "EP-27")]
    [InlineData(StatusCode.OK)]
    [InlineData(StatusCode.Unavailable)]
    public async Task WA1_A_stream_that_has_ended_is_opened_again(StatusCode status)
    {
        var before = await served.ServeAsync(svid => served.Pki.Response(svid));
        var calls = served.Agent.Calls.Count;
        served.Agent.CloseWith(status);
        await served.Agent.WaitForCallAsync(calls + 1, ServedHarness.Patience);
        await AssertPresentsAsync(before);

        await AssertPresentsAsync(await served.ServeAsync(svid => served.Pki.Response(svid)));
    }

    [Theory, Trait("Spec", "WA-07")]
    [InlineData("svids")]
    [InlineData("spiffe_id")]
    [InlineData("x509_svid")]
    [InlineData("x509_svid_key")]
    [InlineData("bundle")]
    public async Task WA2_A_message_without_a_mandatory_field_changes_nothing(string field)
    {
        var good = await served.ServeAsync(svid => served.Pki.Response(svid));
        var (calls, log) = (served.Agent.Calls.Count, served.Harness.LogLength);
        served.Agent.Send(Without(field, served.Pki.Leaf("/broken")));
        await served.Harness.WaitForLogAsync("Rejected an update", ServedHarness.Patience, log);
        await AssertPresentsAsync(good);

        await AssertPresentsAsync(await served.ServeAsync(svid => served.Pki.Response(svid)));
        Assert.Equal(calls, served.Agent.Calls.Count);
    }

    private async Task AssertPresentsAsync(TestSvid svid)
    {
        var peer = served.Pki.Leaf("/peer");
        var meeting = await served.MeetAsync(PeerRole.Client, peer);
        Assert.Equal(peer.Id, meeting.Id);
        Assert.Equal(svid.Leaf.RawData, meeting.Presented[0].RawData);
    }

    private X509SVIDResponse Without(string field, TestSvid svid)
    {
        var message = served.Pki.Response(svid);
        IMessage owner = field == "svids" ? message : message.Svids[0];
        owner.Descriptor.FindFieldByName(field).Accessor.Clear(owner);
        return message;
    }
}
