using System.Collections.Immutable;
using AspNetSpiffe.Wire;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;

namespace AspNetSpiffe;

/// <summary>The methods of the Workload API, for the workload of the socket of the call.</summary>
internal sealed class WorkloadApiService(DevAgentState state, TimeProvider time, IHostApplicationLifetime host) : SpiffeWorkloadAPI.SpiffeWorkloadAPIBase
{
    public override Task FetchX509SVID(X509SVIDRequest request, IServerStreamWriter<X509SVIDResponse> responseStream, ServerCallContext context) =>
        StreamAsync(responseStream, context, static s => s.ToX509Svids());

    public override Task FetchX509Bundles(X509BundlesRequest request, IServerStreamWriter<X509BundlesResponse> responseStream, ServerCallContext context) =>
        StreamAsync(responseStream, context, static s => s.ToX509Bundles());

    public override Task FetchJWTBundles(JWTBundlesRequest request, IServerStreamWriter<JWTBundlesResponse> responseStream, ServerCallContext context) =>
        StreamAsync(responseStream, context, static s => s.ToJwtBundles());

    public override Task<JWTSVIDResponse> FetchJWTSVID(JWTSVIDRequest request, ServerCallContext context)
    {
        if (request.Audience.Count == 0 || request.Audience.Contains("")) throw Invalid("audience must be specified, and none may be empty");

        var svids = WorkloadOf(context).Current.Svids;
        ThrowIfNoIdentity(svids);
        if (request.SpiffeId.Length > 0)
        {
            if (!SpiffeId.TryParse(request.SpiffeId, out var id)) throw Invalid("spiffe_id is not a valid SPIFFE ID");
            svids = svids.RemoveAll(s => s.Id != id);
            ThrowIfNoIdentity(svids);
        }

        var response = new JWTSVIDResponse();
        foreach (var (svid, token) in svids.Zip(state.SignTokens(svids, request.Audience)))
            response.Svids.Add(new JWTSVID { SpiffeId = svid.Id.ToString(), Svid = token, Hint = svid.Identity.Hint });
        return Task.FromResult(response);
    }

    public override async Task<ValidateJWTSVIDResponse> ValidateJWTSVID(ValidateJWTSVIDRequest request, ServerCallContext context)
    {
        if (request.Audience.Length == 0) throw Invalid("audience must be specified");
        if (request.Svid.Length == 0) throw Invalid("svid must be specified");

        try
        {
            var (id, claims) = await JwtValidation.ValidateAsync(request.Svid, request.Audience, WorkloadOf(context).Current, time).ConfigureAwait(false);
            return new ValidateJWTSVIDResponse { SpiffeId = id.ToString(), Claims = claims };
        }
        catch (FormatException refused)
        {
            throw Invalid(refused.Message);
        }
    }

    private async Task StreamAsync<T>(IServerStreamWriter<T> stream, ServerCallContext context, Func<WorkloadSnapshot, T> toMessage) where T : class
    {
        var workload = WorkloadOf(context);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, host.ApplicationStopping);
        try
        {
            for (T? last = null; ;)
            {
                var snapshot = workload.Current;
                ThrowIfNoIdentity(snapshot.Svids);

                // A rotation of SVIDs does not change the bundles, so a stream of bundles sends nothing.
                var message = toMessage(snapshot);
                if (!message.Equals(last)) await stream.WriteAsync(message, ending.Token).ConfigureAwait(false);

                last = message;
                await snapshot.Replaced.WaitAsync(ending.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // A caller that has disconnected or cancelled reads no status.
            if (!context.CancellationToken.IsCancellationRequested) throw Stopping();
        }
    }

    public static RpcException Stopping() => new(new(StatusCode.Unavailable, "the development agent is stopping"));

    // The socket identifies the workload.
    private static DevWorkload WorkloadOf(ServerCallContext context) => context.GetHttpContext().Features.GetRequiredFeature<DevWorkload>();

    private static void ThrowIfNoIdentity(ImmutableArray<IssuedX509Svid> svids)
    {
        if (svids.IsEmpty) throw new RpcException(new(StatusCode.PermissionDenied, "no identity issued"));
    }

    private static RpcException Invalid(string message) => new(new(StatusCode.InvalidArgument, message));
}
