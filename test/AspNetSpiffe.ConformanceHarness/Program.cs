// Speaks the harness contract of the public SPIFFE conformance suite (docs/conformance-suite.md): harness [--ready-after SECONDS]
using System.Globalization;
using AspNetSpiffe.ConformanceHarness;
using Microsoft.Extensions.Options;

try
{
    await using var harness = new Harness();
    await harness.RunAsync(ReadyAfter());
    return 0;
}
catch (OptionsValidationException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

// The suite waits ten seconds for READY.
TimeSpan ReadyAfter() => TimeSpan.FromSeconds(args is ["--ready-after", var seconds] ? int.Parse(seconds, NumberStyles.None, CultureInfo.InvariantCulture) : 8);
