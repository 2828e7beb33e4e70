using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Adds the errors of other options to those of <see cref="SpiffeOptions"/>, so that one exception contains all.</summary>
internal sealed class MistakesOf<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TOptions>(
    IOptionsFactory<TOptions> factory, IEnumerable<string> optionsNames) : IValidateOptions<SpiffeOptions>
    where TOptions : class
{
    public ValidateOptionsResult Validate(string? name, SpiffeOptions options)
    {
        string[] mistakes = [.. optionsNames.SelectMany(MistakesIn)];
        return mistakes.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }

    private IEnumerable<string> MistakesIn(string optionsName)
    {
        try
        {
            factory.Create(optionsName);
            return [];
        }
        catch (OptionsValidationException e)
        {
            return e.Failures;
        }
    }
}
