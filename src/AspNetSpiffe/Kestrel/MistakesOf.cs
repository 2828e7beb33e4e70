using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Adds the mistakes of other options to those of <see cref="SpiffeOptions"/>, so that one error names all.</summary>
internal sealed class MistakesOf<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TOptions>(IOptionsFactory<TOptions> factory, string optionsName)
    : IValidateOptions<SpiffeOptions>
    where TOptions : class
{
    public ValidateOptionsResult Validate(string? name, SpiffeOptions options)
    {
        try
        {
            factory.Create(optionsName);
            return ValidateOptionsResult.Success;
        }
        catch (OptionsValidationException e)
        {
            return ValidateOptionsResult.Fail(e.Failures);
        }
    }
}
