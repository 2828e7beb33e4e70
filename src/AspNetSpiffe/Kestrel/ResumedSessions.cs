namespace AspNetSpiffe;

/// <summary>What versions of .NET do with a resumed session.</summary>
internal static class ResumedSessions
{
    /// <summary>The switch of the runtime by which SslStream asks its validation callback about the client of a resumed session too (dotnet/runtime#133174).</summary>
    public const string Revalidation = "System.Net.Security.RevalidateCertificateOnTlsResume";

    // Tests hold what this version does. It takes no switch.
    private const int LastThatAlwaysAsks = 10;

    /// <summary>Says why sessions cannot be resumed, if a session could be taken back without asking who its client is.</summary>
    public static string? MistakeIn(Version runtime) =>
        runtime.Major <= LastThatAlwaysAsks || (AppContext.TryGetSwitch(Revalidation, out var isOn) && isOn)
            ? null
            : $"cannot be honoured by .NET {runtime.ToString(2)}, which may take a session back without asking who its client is. Set the runtime's switch '{Revalidation}' to true, or remove the key.";
}
