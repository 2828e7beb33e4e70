using System.Globalization;
using Grpc.Core;

namespace AspNetSpiffe;

/// <summary>A call of the Workload API failed. The message says where, what happened and what to do.</summary>
public sealed class WorkloadApiException : Exception
{
    private const int MostDetail = 500;

    internal WorkloadApiException(WorkloadApiAddress address, WorkloadApiFailure failure, string problem, Exception? inner = null)
        : base($"The call to the SPIFFE Workload API at '{address}' failed. {problem}", inner) => (Failure, Problem) = (failure, problem);

    internal WorkloadApiException(WorkloadApiAddress address, Status status)
        : this(address, WorkloadApiFailure.Status, Describe(Known(status.StatusCode), OneLine(status.Detail))) => StatusCode = Known(status.StatusCode);

    /// <summary>Gets what went wrong.</summary>
    public WorkloadApiFailure Failure { get; }

    /// <summary>Gets the status of the call, when <see cref="Failure"/> is <see cref="WorkloadApiFailure.Status"/>; otherwise <see cref="StatusCode.Unavailable"/>.</summary>
    public StatusCode StatusCode { get; } = StatusCode.Unavailable;

    /// <summary>Gets whether another attempt may succeed (SPIFFE Workload Endpoint §6).</summary>
    public bool IsTransient => StatusCode is not (StatusCode.InvalidArgument or StatusCode.Unimplemented);

    /// <summary>What happened and what to do, without the address: for a text that names it already.</summary>
    internal string Problem { get; }

    /// <summary>Gets what metrics call it.</summary>
    internal string ErrorType => Tag.NameOf(Failure == WorkloadApiFailure.Status ? StatusCode : Failure);

    private static string Describe(StatusCode code, string detail)
    {
        var advice = code switch
        {
            StatusCode.PermissionDenied => " No identity is registered for this workload: create a registration entry whose selectors match it " +
                "and whose parent ID is the SPIFFE ID of this agent, or run 'aspnet-spiffe agent' for development.",

            // Where the agent says what is wrong, ours would be a guess.
            StatusCode.Unavailable when detail.Length == 0 => " The agent is not ready: check its log and its connection to the server.",
            StatusCode.Unimplemented => " The server at this address is not a SPIFFE Workload API, or does not implement this method: check the address.",
            StatusCode.InvalidArgument => " The agent rejected the request: it may be of another version, or not a SPIFFE Workload API; check the address.",
            _ => "",
        };
        return $"It answered '{(detail.Length == 0 ? code.ToString() : $"{code}: {detail}")}'.{advice}";
    }

    private static StatusCode Known(StatusCode code) => Enum.IsDefined(code) ? code : StatusCode.Unknown;

    // The server's own words go into logs and exceptions.
    private static string OneLine(string text)
    {
        var line = string.Create(Math.Min(text.Length, MostDetail), text, static (span, from) =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = IsVisible(from[i]) ? from[i] : ' ';
        });
        return text.Length > MostDetail ? line + "…" : line;
    }

    // Neither a line of its own nor a text that runs the other way.
    private static bool IsVisible(char c) =>
        char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
