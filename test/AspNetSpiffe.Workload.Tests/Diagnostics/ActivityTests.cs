using System.Diagnostics;

namespace AspNetSpiffe.Workload.Tests.Diagnostics;

/// <summary>Spans cost nothing where nobody listens.</summary>
public sealed class ActivityTests
{
    [Fact]
    public void An_activity_that_the_framework_makes_for_its_logs_alone_is_left_as_it_is()
    {
        using var unheard = new Activity("Microsoft.AspNetCore.Hosting.HttpRequestIn").Start();
        Assert.False(SpiffeActivities.IsRecorded(unheard));
    }

    [Fact]
    public void Without_a_listener_no_call_is_made_for_a_span() =>
        SpiffeActivities.Record(static _ => Assert.Fail("Nobody listens."), "spiffe.update", default, default, null);
}
