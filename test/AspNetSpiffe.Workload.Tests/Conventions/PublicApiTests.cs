using System.Reflection;
using System.Runtime.CompilerServices;

namespace AspNetSpiffe.Tests.Conventions;

/// <summary>The form of what users can see. What they can see is in the files PublicAPI.*.txt of each project, and an analyzer holds it.</summary>
public sealed class PublicApiTests
{
    public static TheoryData<string> ShippedAssemblies => ["AspNetSpiffe", "AspNetSpiffe.DevAgent", "AspNetSpiffe.SignalR.Client", "AspNetSpiffe.Testing", "AspNetSpiffe.Workload", "AspNetSpiffe.Yarp"];

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

    private static string? Complaint(Type type)
    {
        // Applications derive from events: that is how EventsType works.
        if (!type.IsSealed && !type.IsInterface && !type.Name.EndsWith("Events", StringComparison.Ordinal)) return $"{type} is not sealed.";
        var extends = type.IsAbstract && type.GetMethods().Any(method => method.IsDefined(typeof(ExtensionAttribute)));
        return type.Namespace == "AspNetSpiffe" || extends ? null : $"{type} is in namespace {type.Namespace}, and extends nothing there.";
    }
}
