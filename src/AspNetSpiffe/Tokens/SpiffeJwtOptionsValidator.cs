using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Finds every mistake in the options of the scheme at once, at start.</summary>
internal sealed class SpiffeJwtOptionsValidator : IValidateOptions<SpiffeJwtAuthenticationOptions>
{
    private static readonly TimeSpan MostSkew = TimeSpan.FromSeconds(60);

    public ValidateOptionsResult Validate(string? name, SpiffeJwtAuthenticationOptions options)
    {
        var mistakes = new ValidateOptionsResultBuilder();
        if (options.Audiences.Count == 0)
            mistakes.AddError(
                "is empty, so that every token would be refused. Name this service as its callers do: " +
                "AddSpiffeJwt(options => options.Audiences.Add(\"https://orders.example.org\")).",
                nameof(options.Audiences));
        if (options.Audiences.Any(string.IsNullOrEmpty)) mistakes.AddError("has an empty text.", nameof(options.Audiences));

        for (var i = 0; i < options.AllowedCallers.Count; i++)
        {
            try
            {
                SpiffeIdPattern.Parse(options.AllowedCallers[i]);
            }
            catch (FormatException e)
            {
                mistakes.AddError(e.Message, $"{nameof(options.AllowedCallers)}:{i}");
            }
        }

        if (!Enum.IsDefined(options.Validation)) mistakes.AddError($"is '{options.Validation}', which is none.", nameof(options.Validation));
        if (options.ClockSkew < TimeSpan.Zero || options.ClockSkew > MostSkew)
            mistakes.AddError($"must be from 0 to {MostSkew.TotalSeconds} seconds, but is {options.ClockSkew}.", nameof(options.ClockSkew));

        return mistakes.Build();
    }
}
