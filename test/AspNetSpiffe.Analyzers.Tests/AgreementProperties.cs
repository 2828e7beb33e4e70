extern alias analyzers;

using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using analyzers::AspNetSpiffe.Analyzers;

namespace AspNetSpiffe.Analyzers.Tests;

/// <summary>The analyzers and the library judge every text alike, and in the same words.</summary>
public sealed class AgreementProperties(ITestOutputHelper output) : IDisposable
{
    private static readonly Gen<string> Pieces = Gen.Elements(
        "spiffe://", "SPIFFE://", "spiffe:", "any", "none", "example.org", "td", "/", "/", "/", "*", "**", "/**", ",", " ", "a", "A", "ä", "\u212a", "\0", ".", "..", "-", "_", ":", "\t", "'", new string('x', 255), new string('/', 2050));

    private static readonly Gen<string> Segments =
        from segments in Gen.Elements("a", "ns", "*", "A", "x.y").ArrayOf(3)
        from end in Gen.Elements("", "/**", "/*")
        select string.Join('/', segments) + end;

    private static readonly Gen<string> Nearly =
        from before in Gen.Elements("", "", " ")
        from domain in Gen.Elements("spiffe://example.org/", "Spiffe://TD/", "/", "")
        from segments in Segments
        from piece in Pieces
        from change in Gen.Choose(0, 3)
        let text = before + domain + segments
        select change switch { 0 => text, 1 => $"{text},{text}", 2 => text + piece, _ => text.Insert(text.Length / 2, piece) };

    private static readonly Gen<string> Names =
        from domain in Gen.Elements("example.org", "spiffe://example.org", "spiffe://td_1", "Example.org", "", "")
        from path in Gen.Frequency((8, Gen.Elements("", "", "/ops", "/ops/X")), (1, Gen.Choose(2027, 2030).Select(length => "/".PadRight(length, 'x'))))
        select domain + path;

    // Of pieces at random, most are wrong.
    private static readonly Arbitrary<string> Texts =
        Gen.Frequency((4, Nearly), (4, Names), (1, Gen.Elements("spiffe:any", "Spiffe:None ")), (2, Pieces.ListOf().Select(string.Concat))).ToArbitrary();

    private int _drawn;
    private int _right;

    [Property(MaxTest = 2000)]
    public Property Patterns_are_judged_alike() => Agree(TextKind.Pattern, text => SpiffeIdPattern.Parse(text));

    [Property(MaxTest = 2000)]
    public Property SPIFFE_IDs_are_judged_alike() => Agree(TextKind.SpiffeId, text => SpiffeId.Parse(text));

    [Property(MaxTest = 2000)]
    public Property Trust_domains_are_judged_alike() => Agree(TextKind.TrustDomain, text => TrustDomain.Parse(text));

    [Property(MaxTest = 1000)]
    public Property Trust_domains_to_require_are_judged_alike() => Agree(TextKind.TrustDomainToRequire, text => new Endpoints().RequireTrustDomain(text));

    [Property(MaxTest = 1000)]
    public Property Path_prefixes_are_judged_alike() => Agree(TextKind.PathPrefix, text => new Endpoints().RequirePathPrefix(text));

    [Property(MaxTest = 1000)]
    public Property Names_of_policies_are_judged_alike()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSpiffeServer();
        builder.Services.AddAuthorization();
        var app = builder.Build();
        var policies = app.Services.GetRequiredService<IAuthorizationPolicyProvider>();
        return Agree(TextKind.PolicyName, text => policies.GetPolicyAsync(text.StartsWith("spiffe-peer:", StringComparison.Ordinal) ? "" : text).GetAwaiter().GetResult());
    }

    [Property(MaxTest = 1000)]
    public Property What_a_fix_writes_is_taken_by_the_library() => Prop.ForAll(Texts, text =>
    {
        _drawn++;
        if (TextFix.For(TextKind.Pattern, text) is not { } replacement) return;
        _right++;
        SpiffeIdPattern.Parse(replacement);
    });

    public void Dispose()
    {
        output.WriteLine($"{_right} of {_drawn} texts are right.");

        // A property that has failed drew fewer.
        if (TestContext.Current.TestState?.Result != Xunit.TestResult.Failed) Assert.InRange(_right, _drawn / 30, _drawn - (_drawn / 30));
    }

    private Property Agree(TextKind kind, Action<string> library) => Prop.ForAll(Texts, text =>
    {
        var mistake = TextJudge.FindMistake(kind, text);
        _drawn++;
        if (mistake is null) _right++;
        var refused = Record.Exception(() => library(text));
        Assert.Equal(refused is not null, mistake is not null);

        // The other exception is the framework's, of an empty text.
        if (refused is not ArgumentException) Assert.Equal(refused?.Message, mistake?.Message);
        if (mistake is { } found) Assert.InRange(found.Position, 0, text.Length);
    });

    /// <summary>An endpoint that keeps nothing.</summary>
    private sealed class Endpoints : IEndpointConventionBuilder
    {
        public void Add(Action<EndpointBuilder> convention)
        {
        }
    }
}
