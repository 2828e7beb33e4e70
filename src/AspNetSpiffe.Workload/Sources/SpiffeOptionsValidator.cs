using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Finds every mistake in the options at once, at start, by the name of its configuration key.</summary>
internal sealed class SpiffeOptionsValidator : IValidateOptions<SpiffeOptions>
{
    public ValidateOptionsResult Validate(string? name, SpiffeOptions options)
    {
        var mistakes = new ValidateOptionsResultBuilder();
        Check(mistakes, nameof(SpiffeOptions.EndpointSocket), () => WorkloadApiAddress.Resolve(options.EndpointSocket));

        if (options.Identity is not null)
            Check(mistakes, nameof(SpiffeOptions.Identity), () => SpiffeIdPattern.Parse(options.Identity));

        if (options.StartupTimeout <= TimeSpan.Zero && options.StartupTimeout != Timeout.InfiniteTimeSpan)
            mistakes.AddError($"must be positive or infinite, but is {options.StartupTimeout}.", Key(nameof(SpiffeOptions.StartupTimeout)));

        if (options.WithdrawalDelay < TimeSpan.Zero)
            mistakes.AddError($"must not be negative, but is {options.WithdrawalDelay}.", Key(nameof(SpiffeOptions.WithdrawalDelay)));

        foreach (var (property, mistake) in RetryTimes.MistakesIn(options.Retry))
            mistakes.AddError(mistake, Key($"{nameof(SpiffeOptions.Retry)}:{property}"));

        foreach (var (property, mistake) in options.Limits.Mistakes())
            mistakes.AddError(mistake, Key($"{nameof(SpiffeOptions.Limits)}:{property}"));

        return mistakes.Build();
    }

    private static void Check(ValidateOptionsResultBuilder mistakes, string property, Action parse)
    {
        try
        {
            parse();
        }
        catch (FormatException e)
        {
            mistakes.AddError(e.Message, Key(property));
        }
    }

    private static string Key(string property) => $"{SpiffeOptions.SectionName}:{property}";
}
