using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Reports all errors in the options at once, each with its configuration key: values that cannot be parsed or are out of range.</summary>
internal sealed class SpiffeServerOptionsValidator(IConfiguration? configuration = null, Version? runtime = null) : IValidateOptions<SpiffeServerOptions>
{
    public ValidateOptionsResult Validate(string? name, SpiffeServerOptions options)
    {
        string[] mistakes =
        [
            .. SpiffeServerOptionsSetup.Read(new(), configuration).Mistakes,
            .. PatternList.MistakesIn(options.AllowedPeers, SectionReader.PathOf(nameof(options.AllowedPeers))),
            .. Check(nameof(options.CloseBeforeExpiry), TimeRange.OfDelays, options.CloseBeforeExpiry),
            .. Check(nameof(options.DrainTimeout), TimeRange.OfDrains, options.DrainTimeout),
            .. options.AllowTlsResume && ResumedSessions.MistakeIn(runtime ?? Environment.Version) is { } mistake ? [$"{SectionReader.PathOf(nameof(options.AllowTlsResume))}: {mistake}"] : Array.Empty<string>(),
        ];
        return mistakes.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }

    private static string[] Check(string key, TimeRange range, TimeSpan value) => range.MistakeIn(value) is { } mistake ? [$"{SectionReader.PathOf(key)}: {mistake}"] : [];
}
