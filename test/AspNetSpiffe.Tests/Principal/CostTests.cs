using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.Tests.Principal;

/// <summary>What authentication and authorization add to a request, in bytes. What AddCertificate takes beside it is in docs/performance.md.</summary>
public sealed class CostTests
{
    // It takes 3,472, 4,712 and 4,752, and 688 without us; before the JIT and the container have compiled all, some hundreds more.
    [Theory]
    [InlineData("/", 4100)]
    [InlineData("/policy", 5400)]
    [InlineData("/word", 5400)]
    public async Task A_request_allocates_no_more_than(string path, long bytes) =>
        Assert.InRange(await Pipeline.AllocatesAsync(path, bytes, Map, Peers.Web), 0, bytes);

    // What OpenTelemetry's instrumentation listens to: the framework then makes an activity and its tags, and we take no other way.
    [Theory, Trait("Trial", "K-06")]
    [InlineData("/", 5300)]
    [InlineData("/policy", 6600)]
    public async Task A_request_that_is_listened_to_allocates_as_much_more_as_the_framework_does(string path, long bytes)
    {
        using var activities = new ActivityListener { ShouldListenTo = source => source.Name == "Microsoft.AspNetCore", Sample = (ref _) => ActivitySamplingResult.AllData };
        ActivitySource.AddActivityListener(activities);
        using var meters = new MeterListener { InstrumentPublished = (instrument, self) => Listen(instrument, self) };
        meters.SetMeasurementEventCallback<double>(static (_, _, _, _) => { });
        meters.SetMeasurementEventCallback<long>(static (_, _, _, _) => { });
        meters.Start();
        Assert.InRange(await Pipeline.AllocatesAsync(path, bytes, Map, Peers.Web), 0, bytes);

        static void Listen(Instrument instrument, MeterListener self)
        {
            if (instrument.Meter.Name.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal)) self.EnableMeasurementEvents(instrument);
        }
    }

    private static void Map(WebApplication app)
    {
        app.MapGet("/", Answer);
        app.MapGet("/policy", Answer).WithMetadata(new AuthorizeAttribute("spiffe://example.org/ns/shop/**"));
        app.MapGet("/word", Answer).WithMetadata(new RequireSpiffeAttribute("spiffe://example.org/ns/shop/**"));
    }

    private static Task Answer(HttpContext http) => Task.CompletedTask;
}
