using System.Globalization;
using Grpc.Core;

namespace AspNetSpiffe;

/// <summary>A call of the Workload API failed. The message contains the address, the error and the remedy.</summary>
public sealed class WorkloadApiException : Exception
{
    private const int MostDetail = 500;

    internal WorkloadApiException(WorkloadApiAddress address, WorkloadApiFailure failure, string problem, Exception? inner = null)
        : base($"The call to the SPIFFE Workload API at '{address}' failed. {problem}", inner) => (Failure, Problem) = (failure, problem);

    internal WorkloadApiException(WorkloadApiAddress address, Status status)
        : this(address, WorkloadApiFailure.Status, Describe(Known(status.StatusCode), OneLine(status.Detail))) => StatusCode = Known(status.StatusCode);

    /// <summary>Gets the kind of failure.</summary>
    public WorkloadApiFailure Failure { get; }

    /// <summary>Gets the status of the call, when <see cref="Failure"/> is <see cref="WorkloadApiFailure.Status"/>; otherwise <see cref="StatusCode.Unavailable"/>.</summary>
    public StatusCode StatusCode { get; } = StatusCode.Unavailable;

    /// <summary>Gets whether a retry may succeed (SPIFFE Workload Endpoint §6).</summary>
    public bool IsTransient => StatusCode is not (StatusCode.InvalidArgument or StatusCode.Unimplemented);

    /// <summary>The error and the remedy without the address, for a text that already contains it.</summary>
    internal string Problem { get; }

    /// <summary>Gets the value of the tag <c>error.type</c>.</summary>
    internal string ErrorType => Tag.NameOf(Failure == WorkloadApiFailure.Status ? StatusCode : Failure);

    private static string Describe(StatusCode code, string detail)
    {
        var advice = code switch
        {
            StatusCode.PermissionDenied => " No identity is registered for this workload: create a registration entry whose selectors match it " +
                "and whose parent ID is the SPIFFE ID of this agent, or run 'aspnet-spiffe agent' for development.",

            // Only without a detail from the agent, because this advice is a guess.
            StatusCode.Unavailable when detail.Length == 0 => " The agent is not ready: check its log and its connection to the server.",
            StatusCode.Unimplemented => " The server at this address is not a SPIFFE Workload API, or does not implement this method: check the address.",
            StatusCode.InvalidArgument => " The agent rejected the request: it may be of another version, or not a SPIFFE Workload API; check the address.",
            _ => "",
        };
        return $"It answered '{(detail.Length == 0 ? code.ToString() : $"{code}: {detail}")}'.{advice}";
    }

    private static StatusCode Known(StatusCode code) => Enum.IsDefined(code) ? code : StatusCode.Unknown;

    // The status detail comes from the server and is used in logs and exceptions.
    private static string OneLine(string text)
    {
        var line = string.Create(Math.Min(text.Length, MostDetail), text, static (span, from) =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = IsVisible(from[i]) ? from[i] : ' ';
        });
        return text.Length > MostDetail ? line + "…" : line;
    }

    // Excludes line breaks, control characters and bidirectional formatting.
    private static bool IsVisible(char c) =>
        char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
