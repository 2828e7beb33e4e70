namespace AspNetSpiffe;

/// <summary>Sends requests through a caller's handler instead of the factory's own, which the factory adds to every chain.</summary>
internal sealed class CallerHandler(HttpMessageHandler way) : DelegatingHandler
{
    private readonly HttpMessageInvoker _way = new(way);

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) => _way.Send(request, cancellationToken);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => _way.SendAsync(request, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing) _way.Dispose();
        base.Dispose(disposing);
    }
}
