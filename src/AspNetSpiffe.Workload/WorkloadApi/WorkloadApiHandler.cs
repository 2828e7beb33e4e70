using System.Net;

namespace AspNetSpiffe;

/// <summary>Adds the required headers to every call, and rejects responses that are not gRPC. The channel would map them to a status (403 to PermissionDenied, which means that our identity is withdrawn).</summary>
internal sealed class WorkloadApiHandler(WorkloadApiAddress address, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // SPIFFE Workload Endpoint §3: required on every call, against server-side request forgery.
        request.Headers.Add("workload.spiffe.io", "true");

        // No compression is offered.
        request.Headers.Remove("grpc-accept-encoding");

        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        var type = response.Content.Headers.ContentType?.MediaType;
        if (response.StatusCode == HttpStatusCode.OK && type is not null && IsGrpc(type))
        {
            // A declared encoding that is not used is harmless; with the header, the channel would report a compressed message as Unimplemented.
            response.Headers.Remove("grpc-encoding");
            return response;
        }

        response.Dispose();
        throw new WorkloadApiException(
            address,
            WorkloadApiFailure.MalformedResponse,
            $"It answered with HTTP {(int)response.StatusCode} and content type {SpiffeIdProblem.Quote(type)}, not with gRPC. The server at this address is not a SPIFFE Workload API: check the address.");
    }

    // 'application/grpc+proto' too, but not 'application/grpc-web'.
    private static bool IsGrpc(string type) =>
        type.Equals("application/grpc", StringComparison.OrdinalIgnoreCase) || type.StartsWith("application/grpc+", StringComparison.OrdinalIgnoreCase);
}
