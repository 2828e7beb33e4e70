using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Registers the validation of options beside <see cref="SpiffeOptions"/>.</summary>
internal static class OptionsValidation
{
    /// <summary>Validates options when they are created, and at start together with <see cref="SpiffeOptions"/>.</summary>
    public static void AddValidation<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TOptions,
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TValidator>(this IServiceCollection services, Func<IServiceProvider, IEnumerable<string>> optionsNames)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        services.AddSingleton<IValidateOptions<TOptions>, TValidator>();
        services.AddSingleton<IValidateOptions<SpiffeOptions>>(provider => new MistakesOf<TOptions>(provider.GetRequiredService<IOptionsFactory<TOptions>>(), optionsNames(provider)));
    }
}
