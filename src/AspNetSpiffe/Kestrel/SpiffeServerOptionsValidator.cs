using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Finds every mistake in the options at once, at start, by the name of its configuration key.</summary>
internal sealed class SpiffeServerOptionsValidator : IValidateOptions<SpiffeServerOptions>
{
    public ValidateOptionsResult Validate(string? name, SpiffeServerOptions options)
    {
        var mistakes = new ValidateOptionsResultBuilder();
        for (var i = 0; i < options.AllowedPeers.Count; i++)
        {
            try
            {
                SpiffeIdPattern.Parse(options.AllowedPeers[i]);
            }
            catch (FormatException e)
            {
                mistakes.AddError(e.Message, $"{SpiffeOptions.SectionName}:{nameof(SpiffeServerOptions.AllowedPeers)}:{i}");
            }
        }

        if (options.DrainTimeout < TimeSpan.Zero && options.DrainTimeout != Timeout.InfiniteTimeSpan)
            mistakes.AddError($"must not be negative, or be infinite, but is {options.DrainTimeout}.", $"{SpiffeOptions.SectionName}:{nameof(SpiffeServerOptions.DrainTimeout)}");

        if (options.CloseBeforeExpiry < TimeSpan.Zero || options.CloseBeforeExpiry > TimeSpan.FromDays(1))
            mistakes.AddError($"must be from 0 to 1 day, but is {options.CloseBeforeExpiry}.", $"{SpiffeOptions.SectionName}:{nameof(SpiffeServerOptions.CloseBeforeExpiry)}");

        return mistakes.Build();
    }
}
