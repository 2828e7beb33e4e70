using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.Conventions;

/// <summary>A folder is a room; a room uses only those to its left.</summary>
public sealed class RoomTests
{
    private static readonly string[] Order =
        ["Identity", "Bundles", "Svids", "Verification", "Notifications", "Diagnostics", "WorkloadApi", "Updates", "Files", "Revocation", "Federation", "Sources", "Tls", "Clients", "Hosting"];

    [Fact]
    public void No_room_of_Workload_knows_a_room_to_its_right() =>
        Assert.Empty(Rooms.OutOfOrder(Rooms.EdgesIn(Repository.PathOf("src", "AspNetSpiffe.Workload")), Order));

    [Fact]
    public void Every_folder_of_Workload_is_a_room() =>
        Assert.Empty(SourceFile.ReadAll(Repository.PathOf("src", "AspNetSpiffe.Workload")).Select(file => file.Room).Except(Order));

    [Theory]
    [InlineData("AspNetSpiffe")]
    [InlineData("AspNetSpiffe.Cli")]
    [InlineData("AspNetSpiffe.DevAgent")]
    [InlineData("AspNetSpiffe.SignalR.Client")]
    [InlineData("AspNetSpiffe.Testing")]
    [InlineData("AspNetSpiffe.Workload")]
    [InlineData("AspNetSpiffe.Yarp")]
    public void No_rooms_know_each_other_in_a_circle(string project)
    {
        var edges = Rooms.EdgesIn(Repository.PathOf("src", project));
        var cycle = Rooms.FindCycle(edges);
        var steps = cycle.Zip(cycle.Skip(1), (from, to) => edges.First(edge => edge.From == from && edge.To == to));
        Assert.True(cycle.Count == 0, $"{string.Join(" → ", cycle)}\n{string.Join('\n', steps)}");
    }

    [Fact]
    public void The_scan_sees_the_rooms_of_Workload() =>
        Assert.Contains(Rooms.EdgesIn(Repository.PathOf("src", "AspNetSpiffe.Workload")), edge => edge is { From: "Bundles", To: "Identity", Name: "TrustDomain" });

    [Theory]
    [InlineData("public sealed class User { private Right _right; }", "Right")]
    [InlineData("class User : IRight;", "IRight")]
    [InlineData("class User { object M() => AspNetSpiffe.Right.Parse(\"\"); }", "Right")]
    [InlineData("class User { void M(List<Right?> all) { } }", "Right")]
    [InlineData("class User { bool M(object o) => o is RightRecord { A: 1 }; }", "RightRecord")]
    [InlineData("class User { RightKind M() => default; }", "RightKind")]
    [InlineData("class User { RightCallback? M() => null; }", "RightCallback")]
    [InlineData("class User { void M(string s) => s.ToRight(); }", "ToRight")]
    [InlineData("class User { void M(string s) => s . ToRightOf<int>(); }", "ToRightOf")]
    [InlineData("class User { // Right\n }", null)]
    [InlineData("class User { /* Right\n Right */ }", null)]
    [InlineData("class User { string M() => \"a Right\"; }", null)]
    [InlineData("class User { string M() => \"\\\" Right\"; }", null)]
    [InlineData("class User { string M() => @\"\"\"Right\"\"\"; }", null)]
    [InlineData("class User { string M() => \"\"\"\n \"Right\" \n\"\"\"; }", null)]
    [InlineData("class User { object M(dynamic d) => d.Right; }", null)]
    [InlineData("class User { object M(dynamic d) => d.Rightful; }", null)]
    [InlineData("class User { Inner _inner; }", null)]
    public void A_use_of_another_room_is_an_edge(string text, string? name)
    {
        SourceFile[] files =
        [
            new("Left/User.cs", "namespace AspNetSpiffe;\n\n" + text),
            new("Right/Right.cs", "namespace AspNetSpiffe;\n\npublic sealed partial class Right\n{\n    private sealed class Inner;\n}\n"),
            new("Right/IRight.cs", "namespace AspNetSpiffe;\n\ninternal interface IRight;\n"),
            new("Right/RightRecord.cs", "namespace AspNetSpiffe;\n\ninternal readonly record struct RightRecord(int A);\n"),
            new("Right/RightKind.cs", "namespace AspNetSpiffe;\n\npublic enum RightKind { A }\n"),
            new("Right/RightCallback.cs", "namespace AspNetSpiffe;\n\npublic delegate Task<int> RightCallback(int a);\n"),
            new("Right/Deep/Extensions.cs", "namespace System;\n\npublic static class Extensions\n{\n    public static int ToRight(this string s) => 1;\n    public static T ToRightOf<T>(this string s) => default;\n}\n"),
        ];
        RoomEdge[] expected = name is null ? [] : [new("Left", "Right", name, "Left/User.cs")];

        var edges = Rooms.EdgesAmong(files);
        Assert.Equal(expected, edges);
        Assert.Equal(expected, Rooms.OutOfOrder(edges, "Left", "Right"));
        Assert.Empty(Rooms.OutOfOrder(edges, "Right", "Left"));
    }

    [Fact]
    public void A_room_outside_the_order_is_out_of_order()
    {
        Assert.Single(Rooms.OutOfOrder([new("A", "New", "T", "A/T.cs")], "A", "B"));
        Assert.Single(Rooms.OutOfOrder([new("New", "A", "T", "New/T.cs")], "A", "B"));
    }

    [Theory]
    [InlineData("A>B B>C C>A", "A B C A")]
    [InlineData("X>A A>B B>A", "A B A")]
    [InlineData("A>B A>C B>C C>D", "")]
    [InlineData("A>B A>C C>B B>D D>C", "B D C B")]
    public void A_circle_is_found(string edges, string cycle)
    {
        var rooms = edges.Split(' ').Select(edge => edge.Split('>')).Select(edge => new RoomEdge(edge[0], edge[1], "T", "F")).ToArray();
        Assert.Equal(cycle, string.Join(' ', Rooms.FindCycle(rooms)));
    }
}
