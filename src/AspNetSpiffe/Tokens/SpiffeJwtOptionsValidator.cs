using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Reports all errors in the options of the scheme at once, at start.</summary>
internal sealed class SpiffeJwtOptionsValidator : IValidateOptions<SpiffeJwtAuthenticationOptions>
{
    private static readonly TimeRange Skews = new(TimeSpan.Zero, TimeSpan.FromSeconds(60));

    public ValidateOptionsResult Validate(string? name, SpiffeJwtAuthenticationOptions options)
    {
        string[] mistakes = [.. MistakesIn(options).Select(mistake => $"{name}: {mistake}")];
        return mistakes.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }

    private static IEnumerable<string> MistakesIn(SpiffeJwtAuthenticationOptions options)
    {
        if (options.Audiences.Count == 0)
            yield return
                "Audiences: is empty, so every token would be rejected. Add the name of this service that its callers use as audience: " +
                "AddSpiffeJwt(options => options.Audiences.Add(\"https://orders.example.org\")).";
        if (options.Audiences.Any(string.IsNullOrEmpty)) yield return "Audiences: has an empty entry.";
        foreach (var mistake in PatternList.MistakesIn(options.AllowedCallers, nameof(options.AllowedCallers))) yield return mistake;
        if (!Enum.IsDefined(options.Validation)) yield return $"Validation: '{options.Validation}' is not a valid value.";
        if (Skews.MistakeIn(options.ClockSkew) is { } skew) yield return $"ClockSkew: {skew}";
    }
}
