using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Reports all errors in the options at once, each with its configuration key: values that cannot be parsed or are out of range.</summary>
internal sealed class SpiffeOptionsValidator(IConfiguration? configuration = null) : IValidateOptions<SpiffeOptions>
{
    public ValidateOptionsResult Validate(string? name, SpiffeOptions options)
    {
        string[] mistakes =
        [
            .. SpiffeOptionsSetup.Read(new(), configuration).Mistakes,
            .. options is { HasOtherOrigin: true, EndpointSocket: null } ? [] : Check(nameof(options.EndpointSocket), () => WorkloadApiAddress.Resolve(options.EndpointSocket)),
            .. options.Identity is null ? [] : Check(nameof(options.Identity), () => SpiffeIdPattern.Parse(options.Identity)),
            .. options.Mistakes().Select(m => $"{SectionReader.PathOf(m.Key)}: {m.Mistake}"),
        ];
        return mistakes.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }

    private static string[] Check(string key, Action parse)
    {
        try
        {
            parse();
            return [];
        }
        catch (FormatException e)
        {
            return [$"{SectionReader.PathOf(key)}: {e.Message}"];
        }
    }
}
