using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Tests.Kestrel;

/// <summary>Sessions are resumed on versions of .NET that ask us about their clients, and on no other.</summary>
public sealed class ResumedSessionsTests
{
    [Fact]
    public void On_a_version_that_may_not_ask_the_setting_is_refused()
    {
        var result = Validate(new(11, 0), allow: true);
        Assert.Equal(
            "Spiffe:AllowTlsResume: cannot be honoured by .NET 11.0, which may take a session back without asking who its client is. " +
            "Set the runtime's switch 'System.Net.Security.RevalidateCertificateOnTlsResume' to true, or remove the key.",
            Assert.Single(result.Failures!));
        Assert.True(Validate(new(11, 0), allow: false).Succeeded);
    }

    [Fact]
    public void On_this_version_and_where_the_switch_makes_it_ask_it_is_taken()
    {
        Assert.True(Validate(Environment.Version, allow: true).Succeeded);
        try
        {
            AppContext.SetSwitch(ResumedSessions.Revalidation, true);
            Assert.True(Validate(new(11, 0), allow: true).Succeeded);
        }
        finally
        {
            AppContext.SetSwitch(ResumedSessions.Revalidation, false);
        }

        Assert.True(Validate(new(11, 0), allow: true).Failed);
    }

    private static ValidateOptionsResult Validate(Version runtime, bool allow) =>
        new SpiffeServerOptionsValidator(null, runtime).Validate(null, new SpiffeServerOptions { AllowTlsResume = allow });
}
