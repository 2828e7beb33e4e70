namespace AspNetSpiffe;

/// <summary>The behaviour of .NET versions for resumed TLS sessions.</summary>
internal static class ResumedSessions
{
    /// <summary>The runtime switch that makes SslStream call its validation callback for resumed sessions too (dotnet/runtime#133174).</summary>
    public const string Revalidation = "System.Net.Security.RevalidateCertificateOnTlsResume";

    // Tests verify the behaviour of this version, which needs no switch.
    private const int LastThatAlwaysAsks = 10;

    /// <summary>Describes why session resumption is not possible: the runtime could resume a session without calling the validation callback.</summary>
    public static string? MistakeIn(Version runtime) =>
        runtime.Major <= LastThatAlwaysAsks || (AppContext.TryGetSwitch(Revalidation, out var isOn) && isOn)
            ? null
            : $"cannot be honoured by .NET {runtime.ToString(2)}, which may take a session back without asking who its client is. Set the runtime's switch '{Revalidation}' to true, or remove the key.";
}
