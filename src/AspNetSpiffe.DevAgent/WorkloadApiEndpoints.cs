using System.Collections.Immutable;
using AspNetSpiffe.Wire;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>The methods of the Workload API, for the workload whose socket the call came through.</summary>
internal sealed class WorkloadApiEndpoints(DevAgentState state, TimeProvider time)
{
    private const string Service = "/SpiffeWorkloadAPI/";
    private const string SecurityHeader = "workload.spiffe.io";

    public Task InvokeAsync(DevWorkload workload, HttpRequest request, GrpcResponse response, CancellationToken cancellationToken)
    {
        var path = request.Path.Value ?? "";
        if (path.StartsWith(HealthEndpoints.Service, StringComparison.Ordinal)) return HealthEndpoints.InvokeAsync(path, request, response, cancellationToken);
        if (!path.StartsWith(Service, StringComparison.Ordinal)) throw Unimplemented(path);

        // Workload Endpoint §3: exactly once, and exactly this value, so that no forged request of a browser or proxy gets through.
        var header = request.Headers[SecurityHeader];
        if (header.Count != 1 || header[0] != "true")
            throw new GrpcStatusException(StatusCode.InvalidArgument, $"security header missing from request: send '{SecurityHeader}: true' exactly once");

        return path[Service.Length..] switch
        {
            "FetchX509SVID" => StreamAsync(workload, request, response, X509SVIDRequest.Parser, static s => s.ToX509Svids(), cancellationToken),
            "FetchX509Bundles" => StreamAsync(workload, request, response, X509BundlesRequest.Parser, static s => s.ToX509Bundles(), cancellationToken),
            "FetchJWTBundles" => StreamAsync(workload, request, response, JWTBundlesRequest.Parser, static s => s.ToJwtBundles(), cancellationToken),
            "FetchJWTSVID" => AnswerAsync(request, response, JWTSVIDRequest.Parser, r => FetchJwtSvid(workload, r), cancellationToken),
            "ValidateJWTSVID" => AnswerAsync(request, response, ValidateJWTSVIDRequest.Parser, r => ValidateJwtSvid(workload, r), cancellationToken),
            _ => throw Unimplemented(path),
        };
    }

    public static GrpcStatusException Unimplemented(string path) => new(StatusCode.Unimplemented, $"the development agent does not implement '{path}'");

    private static async Task StreamAsync<TRequest, TMessage>(
        DevWorkload workload, HttpRequest request, GrpcResponse response, MessageParser<TRequest> parser,
        Func<WorkloadSnapshot, TMessage> toMessage, CancellationToken cancellationToken)
        where TRequest : IMessage<TRequest>
        where TMessage : class, IMessage
    {
        await GrpcRequest.ReadAsync(request.BodyReader, parser, cancellationToken).ConfigureAwait(false);
        for (TMessage? last = null; ;)
        {
            var snapshot = workload.Current;
            ThrowIfNoIdentity(snapshot.Svids);

            // Of a rotation, a stream of bundles hears nothing: they are the same.
            var message = toMessage(snapshot);
            if (!message.Equals(last)) await response.WriteAsync(message, cancellationToken).ConfigureAwait(false);

            last = message;
            await snapshot.Replaced.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task AnswerAsync<TRequest>(
        HttpRequest request, GrpcResponse response, MessageParser<TRequest> parser, Func<TRequest, IMessage> answer, CancellationToken cancellationToken)
        where TRequest : IMessage<TRequest>
    {
        var message = await GrpcRequest.ReadAsync(request.BodyReader, parser, cancellationToken).ConfigureAwait(false);
        await response.WriteAsync(answer(message), cancellationToken).ConfigureAwait(false);
    }

    private JWTSVIDResponse FetchJwtSvid(DevWorkload workload, JWTSVIDRequest request)
    {
        if (request.Audience.Count == 0 || request.Audience.Contains("")) throw Invalid("audience must be specified, and none may be empty");

        var svids = workload.Current.Svids;
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
        return response;
    }

    private ValidateJWTSVIDResponse ValidateJwtSvid(DevWorkload workload, ValidateJWTSVIDRequest request)
    {
        if (request.Audience.Length == 0) throw Invalid("audience must be specified");
        if (request.Svid.Length == 0) throw Invalid("svid must be specified");

        try
        {
            var (id, claims) = JwtValidation.Validate(request.Svid, request.Audience, workload.Current, time.GetUtcNow());
            return new ValidateJWTSVIDResponse { SpiffeId = id.ToString(), Claims = claims };
        }
        catch (FormatException refused)
        {
            throw Invalid(refused.Message);
        }
    }

    private static void ThrowIfNoIdentity(ImmutableArray<IssuedX509Svid> svids)
    {
        if (svids.IsEmpty) throw new GrpcStatusException(StatusCode.PermissionDenied, "no identity issued");
    }

    private static GrpcStatusException Invalid(string message) => new(StatusCode.InvalidArgument, message);
}
