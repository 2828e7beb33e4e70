using System.Reflection;
using System.Runtime.CompilerServices;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.Conventions;

/// <summary>What users can see is a file that somebody reviews. To accept a change: <c>ACCEPT_PUBLIC_API=1 dotnet test</c>, then commit the file.</summary>
public sealed class PublicApiTests
{
    public static TheoryData<string> ShippedAssemblies => ["AspNetSpiffe", "AspNetSpiffe.DevAgent", "AspNetSpiffe.Workload"];

    [Theory, MemberData(nameof(ShippedAssemblies))]
    public void The_public_API_is_the_reviewed_one(string assembly)
    {
        var file = Repository.PathOf("test", "AspNetSpiffe.Workload.Tests", "PublicApi", assembly + ".txt");
        var described = PublicApi.Describe(Assembly.Load(assembly));
        if (Environment.GetEnvironmentVariable("ACCEPT_PUBLIC_API") == "1") File.WriteAllText(file, described);

        var reviewed = File.ReadAllText(file);
        Assert.True(reviewed == described, Difference(reviewed, described));
    }

    [Theory, MemberData(nameof(ShippedAssemblies))]
    public void Public_types_are_sealed_and_in_the_one_namespace(string assembly) =>
        Assert.All(Assembly.Load(assembly).GetExportedTypes(), type => Assert.Null(Complaint(type)));

    [Theory]
    [InlineData(typeof(SealedOne), null)]
    [InlineData(typeof(IInterface), null)]
    [InlineData(typeof(Constants), null)]
    [InlineData(typeof(Choice), null)]
    [InlineData(typeof(Elsewhere.OtherExtensions), null)]
    [InlineData(typeof(Open), "is not sealed")]
    [InlineData(typeof(Elsewhere.Stranger), "is in namespace")]
    [InlineData(typeof(Elsewhere.Functions), "is in namespace")]
    public void A_public_type_that_breaks_the_rule_is_found(Type type, string? complaint)
    {
        if (complaint is null) Assert.Null(Complaint(type));
        else Assert.Contains(complaint, Complaint(type), StringComparison.Ordinal);
    }

    [Fact]
    public void The_description_shows_types_members_defaults_and_nulls()
    {
        var lines = PublicApi.Describe(typeof(SpiffeId).Assembly).Split('\n');
        Assert.Contains("AspNetSpiffe.SpiffeId : sealed class, IEquatable<SpiffeId>, IParsable<SpiffeId>, ISpanParsable<SpiffeId>", lines);
        Assert.Contains("AspNetSpiffe.SpiffeId.MaxLength : const int = 2048", lines);
        Assert.Contains("AspNetSpiffe.SpiffeId.Path : string { get; }", lines);
        Assert.Contains("AspNetSpiffe.SpiffeId.TryParse(string? text, out SpiffeId? id) : static bool", lines);
        Assert.Contains("AspNetSpiffe.SpiffeId.Create(TrustDomain trustDomain, params ReadOnlySpan<string> segments) : static SpiffeId", lines);
        Assert.DoesNotContain(lines, line => line.Contains("OfTrustDomain", StringComparison.Ordinal));
        Assert.Equal(lines[..^1].Order(StringComparer.Ordinal), lines[..^1]);
    }

    [Fact]
    public void A_difference_names_the_lines_and_the_way_to_accept_them()
    {
        var text = Difference("a\nb\n", "b\nc\n");
        Assert.Contains("- a", text, StringComparison.Ordinal);
        Assert.Contains("+ c", text, StringComparison.Ordinal);
        Assert.Contains("ACCEPT_PUBLIC_API=1", text, StringComparison.Ordinal);
    }

    private static string Difference(string reviewed, string described)
    {
        var (before, now) = (reviewed.Split('\n'), described.Split('\n'));
        var lines = before.Except(now).Select(line => $"- {line}").Concat(now.Except(before).Select(line => $"+ {line}"));
        return $"The public API changed. If it is meant, run the tests once with ACCEPT_PUBLIC_API=1 and commit the file.\n{string.Join('\n', lines)}";
    }

    private static string? Complaint(Type type)
    {
        if (!type.IsSealed && !type.IsInterface) return $"{type} is not sealed.";
        var extends = type.IsAbstract && type.GetMethods().Any(method => method.IsDefined(typeof(ExtensionAttribute)));
        return type.Namespace == "AspNetSpiffe" || extends ? null : $"{type} is in namespace {type.Namespace}, and extends nothing there.";
    }
}
