using AspNetSpiffe.Reference;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.Conventions;

/// <summary>The pages of docs/reference, which are made from the code and its documentation.</summary>
public sealed class ReferenceTests
{
    private const string Place = $"AspNetSpiffe.Tests.Conventions.{nameof(LogSamples)}";

    private static readonly IReadOnlyList<LogEvent> Samples = [.. LogEvent.ReadAll([typeof(LogSamples).Assembly]).Where(e => e.Place.StartsWith(Place, StringComparison.Ordinal))];

    public static TheoryData<string> Pages => [.. Page.All.Select(page => page.Path)];

    [Theory, MemberData(nameof(Pages))]
    public void What_is_made_from_the_code_is_current(string path)
    {
        var current = Page.All.Single(page => page.Path == path).Write(Page.Assemblies);
        Assert.True(current == File.ReadAllText(Repository.PathOf(path)), $"{path} is not current: run build/reference.");
    }

    [Fact]
    public void Every_event_says_what_happened_and_what_to_do_and_is_unique() => Assert.Empty(LogEvent.MistakesIn(LogEvent.ReadAll(Page.Assemblies)));

    [Fact]
    public void Every_file_that_logs_has_its_events_on_the_page()
    {
        string[] signs = ["[LoggerMessage(", "static readonly EventId "];
        var logging = SourceFile.ReadAll(Repository.PathOf("src")).Where(file => signs.Any(sign => file.Text.Contains(sign, StringComparison.Ordinal))).Select(file => Path.GetFileNameWithoutExtension(file.Path));
        Assert.Empty(logging.Except(LogEvent.ReadAll(Page.Assemblies).Select(e => e.Place.Split('.', '`')[1])));
    }

    [Fact]
    public void What_the_documentation_of_an_event_lacks_is_found() => Assert.Equal(
        [
            $"{Place}.Undocumented needs a <summary>: what happened, and why an operator sees it.",
            $"{Place}.Undocumented needs <remarks>: what to do.",
            $"{Place}.Undocumented needs a <seealso> to the constant or the type that is its category, or its class does.",
            $"{Place}.Nameless needs an EventName.",
            $"{Place}.WithoutMessage needs a <value> with its levels (<see cref=\"LogLevel.…\"/>) and the template of its message (<c>).",
            $"{Place}.Undocumented needs a <value> with its levels (<see cref=\"LogLevel.…\"/>) and the template of its message (<c>).",
        ],
        LogEvent.MistakesIn(Samples));

    [Theory]
    [InlineData(1, "Other", "Samples", "Samples has several events 1: One, Two.")]
    [InlineData(2, "One", "Samples", "Samples has several events One: One, Two.")]
    [InlineData(2, "Other", "Samples", null)]
    [InlineData(1, "One", "Elsewhere", null)]
    public void Events_that_cannot_be_told_from_each_other_are_found(int id, string name, string category, string? mistake)
    {
        var one = Sample("One") with { Place = "One" };
        string[] expected = mistake is null ? [] : [mistake];
        Assert.Equal(expected, LogEvent.MistakesIn([one, one with { Place = "Two", Id = new(id, name), Categories = [category] }]));
    }

    [Fact]
    public void An_event_is_read_as_it_stands_in_the_code()
    {
        var one = Sample("One");
        Assert.Equal((1, "One", "One of {Number}."), (one.Id.Id, one.Name, one.Message));
        Assert.Equal(["Samples"], one.Categories);
        Assert.Equal(["Warning"], one.Levels);
        Assert.Equal("It is `this`, on two lines.", one.What);
        Assert.Equal("See [that](#two) and `Debug`.", one.ToDo);
    }

    private static LogEvent Sample(string name) => Samples.Single(e => e.Place == $"{Place}.{name}");
}
