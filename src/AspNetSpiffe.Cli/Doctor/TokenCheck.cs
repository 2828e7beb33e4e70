using System.Collections.Immutable;
using AspNetSpiffe.Cli.Output;
using Grpc.Core;

namespace AspNetSpiffe.Cli.Doctor;

/// <summary>Checks whether the agent issues JWT-SVIDs, and whether peers can verify them. Not needed by applications without tokens.</summary>
internal static class TokenCheck
{
    private const string NeededFor = "Only applications that send or accept tokens (AddSpiffeJwt) need them.";

    public static Finding Look(Answer<ImmutableArray<JwtSvid>> answer, JwtBundleSet? bundles, string[] audience, DateTimeOffset now)
    {
        if (answer.Failure is { } failure)
        {
            var none = failure is WorkloadApiException { StatusCode: StatusCode.Unimplemented or StatusCode.PermissionDenied };
            return new("tokens", none ? Verdict.Warning : Verdict.Failed, failure.Message, NeededFor);
        }

        if (bundles is null) return new("tokens", Verdict.Warning, $"issued, but there are no keys to verify tokens of others with", NeededFor);
        var refused = answer.Value.Select(svid => JwtSvidVerifier.Verify(svid.Token, bundles, audience, now)).FirstOrDefault(static result => !result.Accepted);
        return refused.Reason == JwtRejectionReason.None
            ? new("tokens", Verdict.Ok, $"{Examination.Count(answer.Value.Length, "token")} issued and verified")
            : new("tokens", Verdict.Failed, $"the token of {refused.Id?.ToString() ?? "an unknown ID"} that the agent issued is invalid: {refused.Reason}", $"See {Pages.OfTokens}.");
    }
}
