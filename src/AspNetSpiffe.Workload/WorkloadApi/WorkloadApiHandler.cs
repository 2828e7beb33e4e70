using System.Net;

namespace AspNetSpiffe;

/// <summary>What every call carries, and which answers are gRPC at all; the channel would make a status of any other (of 403, that our identity is withdrawn).</summary>
internal sealed class WorkloadApiHandler(WorkloadApiAddress address, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // SPIFFE Workload Endpoint §3: on every call, or a browser could be tricked into making one.
        request.Headers.Add("workload.spiffe.io", "true");

        // There is nothing to offer.
        request.Headers.Remove("grpc-accept-encoding");

        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        var type = response.Content.Headers.ContentType?.MediaType;
        if (response.StatusCode == HttpStatusCode.OK && type is not null && IsGrpc(type))
        {
            // An encoding that is named and not used harms nobody; with the name, the channel would call a message that uses it Unimplemented.
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
