using Mesh.Names.Dns;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.MeshTests;

/// <summary>Messages that are no queries, or not as the RFCs have them.</summary>
public sealed class DnsMalformedTests(ITestOutputHelper output) : DnsRawTest(output)
{
    private const int FormatError = 1, NotImplemented = 4;

    private static readonly byte[] Question = DnsPacket.Question(NameOfA);

    public static TheoryData<string> Malformations => [.. Malformed.Keys];

    private static Dictionary<string, byte[]> Malformed { get; } = new(StringComparer.Ordinal)
    {
        ["no question"] = DnsPacket.Of([], counts: [0, 0, 0, 0]),
        ["two questions"] = DnsPacket.Of([Question, Question], counts: [2, 0, 0, 0]),
        ["a question that is claimed only"] = DnsPacket.Of([]),
        ["a name without end"] = DnsPacket.Of([DnsPacket.Name(NameOfA)[..^1]]),
        ["a name that is cut"] = DnsPacket.Of([DnsPacket.Name(NameOfA)[..^3]]),
        ["a name without type"] = DnsPacket.Of([DnsPacket.Name(NameOfA)]),
        ["a type without class"] = DnsPacket.Of([Question[..^2]]),
        ["a pointer to itself"] = DnsPacket.Of([DnsPacket.Question([0xc0, DnsPacket.HeaderLength])]),
        ["a pointer into the header"] = DnsPacket.Of([DnsPacket.Question([0xc0, 0])]),
        ["a label of 64 bytes"] = DnsPacket.Of([DnsPacket.Question([64, .. new byte[64], 0])]),
        ["a label of another kind"] = DnsPacket.Of([DnsPacket.Question([65, 8, 0xff, 0])]),
        ["a label of another kind that is as long as it says"] = DnsPacket.Of([DnsPacket.Question([65, 8, 0xff, .. new byte[63], 0])]),
        ["a name of 256 bytes"] = DnsPacket.Of([DnsPacket.Question([.. Enumerable.Repeat(DnsPacket.Label(new byte[50]), 5).SelectMany(static label => label), 0])]),
        ["something after the question"] = DnsPacket.Of([Question, [0]]),
        ["an answer"] = DnsPacket.Of([Question, DnsPacket.Opt], counts: [1, 1, 0, 0]),
        ["an authority"] = DnsPacket.Of([Question, DnsPacket.Opt], counts: [1, 0, 1, 0]),
        ["a record that is claimed only"] = DnsPacket.Of([Question], counts: [1, 0, 0, 1]),
        ["65535 records that are claimed only"] = DnsPacket.Of([Question], counts: [1, 0xffff, 0xffff, 0xffff]),
        ["two OPT records"] = DnsPacket.Of([Question, DnsPacket.Opt, DnsPacket.Opt], counts: [1, 0, 0, 2]),
        ["an OPT record with a name"] = DnsPacket.Of([Question, [1, 65, .. DnsPacket.Opt]], counts: [1, 0, 0, 1]),
        ["an OPT record that is cut"] = DnsPacket.Of([Question, DnsPacket.Opt[..^1]], counts: [1, 0, 0, 1]),
        ["an OPT record that claims more"] = DnsPacket.Of([Question, [.. DnsPacket.Opt[..^1], 4]], counts: [1, 0, 0, 1]),
        ["something after the OPT record"] = DnsPacket.Of([Question, DnsPacket.Opt, [0]], counts: [1, 0, 0, 1]),
        ["an option that claims more"] = DnsPacket.Of([Question, DnsPacket.OptWith(0, 3, 0, 99)], counts: [1, 0, 0, 1]),
        ["another additional record"] = DnsPacket.Of([Question, [0, 0, 250, .. DnsPacket.Opt[3..]]], counts: [1, 0, 0, 1]),
    };

    [Theory, MemberData(nameof(Malformations))]
    public async Task A_malformed_query_gets_a_format_error_and_nothing_else(string kind) =>
        Assert.Equal(DnsPacket.Of([], flags: 0x8100 | FormatError, counts: [0, 0, 0, 0]), await AskAsync(Malformed[kind]));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(15)]
    public async Task Another_operation_is_not_implemented(int operation)
    {
        var flags = (ushort)(operation << 11);
        Assert.Equal(
            DnsPacket.Of([], flags: (ushort)(0x8000 | flags | NotImplemented), counts: [0, 0, 0, 0]),
            await AskAsync(DnsPacket.Of([Question], flags: flags)));
    }

    [Fact]
    public async Task An_answer_is_not_answered()
    {
        await SendAsync(DnsPacket.Of([Question], flags: 0x8100));
        await SendAsync(DnsPacket.Of([Question], flags: 0xa000));
        Assert.Empty(await DrainAsync());
    }

    [Fact]
    public async Task What_has_no_header_is_not_answered()
    {
        for (var length = 0; length < DnsPacket.HeaderLength; length++) await SendAsync(new byte[length]);
        Assert.Empty(await DrainAsync());
    }

    [Fact]
    public void Records_that_are_claimed_only_take_no_memory()
    {
        var responder = App.Services.GetRequiredService<DnsResponder>();
        var claim = DnsPacket.Of([Question], counts: [1, 0xffff, 0xffff, 0]);
        responder.Answer(claim, overUdp: true);
        var before = GC.GetAllocatedBytesForCurrentThread();
        responder.Answer(claim, overUdp: true);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    [Fact]
    public async Task A_name_that_is_no_text_goes_back_byte_by_byte()
    {
        byte[] question = DnsPacket.Question([.. DnsPacket.Label([0x00, 0x80, 0xff, (byte)'.', (byte)'\\']), .. DnsPacket.Name("EXAMPLE.org")]);
        var answer = await AskAsync(DnsPacket.Of([question]));
        Assert.Equal(3, DnsPacket.CodeOf(answer));
        Assert.Equal(question, answer.AsSpan(DnsPacket.HeaderLength, question.Length));
    }

    [Fact]
    public async Task A_label_with_a_dot_in_it_is_not_two_labels()
    {
        var answer = await AskAsync(DnsPacket.Of([DnsPacket.Question([.. DnsPacket.Label([.. "_https._tcp.service-a"u8]), .. DnsPacket.Name("example.org")])]));
        Assert.Equal(3, DnsPacket.CodeOf(answer));
        answer = await AskAsync(DnsPacket.Of([DnsPacket.Question([.. DnsPacket.Label([.. "service-a.example"u8]), .. DnsPacket.Name("org")])]));
        Assert.Equal(5, DnsPacket.CodeOf(answer));
    }

    [Fact]
    public async Task Flags_that_only_answers_have_are_not_sent_back()
    {
        // All flags of a query that may be set, and the number of an error.
        var answer = await AskAsync(DnsPacket.Of([Question], flags: 0x07ff));
        Assert.Equal(DnsPacket.Number(0x8500), answer.AsSpan(2, 2));
    }
}
