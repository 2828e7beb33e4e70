using System.Net;
using System.Net.Http.Headers;

namespace AspNetSpiffe;

/// <summary>One fetch of a bundle: on a new connection, verified with the newest bundle; redirects apply to this fetch only (SPIFFE Federation §5.2).</summary>
/// <param name="endpoint">The endpoint.</param>
/// <param name="serverBundle">The newest bundle of the trust domain of the endpoint's ID; <see langword="null"/> in the profile <c>https_web</c>.</param>
/// <param name="time">The clock.</param>
internal sealed class BundleFetch(BundleEndpoint endpoint, X509Bundle? serverBundle, TimeProvider time)
{
    /// <summary>The maximum size of a response in bytes: the limit of a bundle document, some thousand authorities.</summary>
    public const int MostBytes = 1024 * 1024;

    private const int MostRedirects = 5;

    // Including redirects. It delays only the next poll.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly EndpointTls _tls = new(endpoint, serverBundle, time);
    private readonly List<Uri> _way = [endpoint.Url];

    /// <summary>Gets the requested URLs, for the log.</summary>
    public string Way => string.Join(" → ", _way.Select(BundleEndpointUrl.Describe));

    /// <summary>Gets how the last server was verified, for the log.</summary>
    public string? Server => _tls.Server;

    /// <summary>Fetches the document.</summary>
    /// <exception cref="BundleFetchException">The fetch failed, or the response is not a valid bundle.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stopping"/> was cancelled.</exception>
    public async Task<SpiffeBundle> RunAsync(CancellationToken stopping)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, patience.Token);
        try
        {
            return SpiffeBundle.Parse(endpoint.TrustDomain, await ReadAsync(either.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException e) when (!stopping.IsCancellationRequested)
        {
            throw new BundleFetchException("Timeout", $"It did not respond within {Patience.TotalSeconds:0} s.", null, e);
        }
        catch (FormatException e)
        {
            throw new BundleFetchException($"NoBundle {e.Message}", $"Its response is not a bundle. {e.Message}", null, e);
        }
        catch (HttpRequestException e) when (_tls.Refusal is { } refusal)
        {
            throw new BundleFetchException($"Refused {refusal}", $"Its certificate was rejected: {refusal}", null, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            var error = (e as HttpRequestException)?.HttpRequestError ?? HttpRequestError.Unknown;
            throw new BundleFetchException($"{error}", error == HttpRequestError.ConfigurationLimitExceeded ? $"Its response is larger than {MostBytes} bytes." : $"{e.GetBaseException().Message.TrimEnd('.')}.", null, e);
        }
    }

    private async Task<byte[]> ReadAsync(CancellationToken cancellationToken)
    {
        using var client = new HttpMessageInvoker(CreateHandler());
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, _way[^1]) { Headers = { Accept = { new("application/json") } } };
            using var response = await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                await response.Content.LoadIntoBufferAsync(MostBytes, cancellationToken).ConfigureAwait(false);
                return await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
            }

            _way.Add(ReadRedirect(response));
        }
    }

    // No proxy and no cookies: only the configuration determines where a bundle comes from. No trace headers to another organization.
    private SocketsHttpHandler CreateHandler() => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
        SslOptions = _tls.CreateOptions(),
    };

    private Uri ReadRedirect(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        if (status is not (301 or 302 or 303 or 307 or 308)) throw new BundleFetchException($"Status {status}", $"It responded with status {status}.", RetryAfter(response.Headers.RetryAfter));
        if (!endpoint.FollowRedirects) throw new BundleFetchException("Redirect", $"It responded with a redirect, status {status}, but 'FollowRedirects' is false.");
        if (_way.Count > MostRedirects) throw new BundleFetchException("Redirects", $"It redirected more than {MostRedirects} times.");

        // The raw header value: a parsed URL may hide what is invalid in it.
        if (!response.Headers.NonValidated.TryGetValues("Location", out var locations) || locations.Count != 1) throw new BundleFetchException("Redirect", "Its redirect has no Location header, or several.");
        return BundleEndpointUrl.TryRead(_way[^1], locations.ToString(), out var target, out var mistake)
            ? target
            : throw new BundleFetchException($"Redirect {mistake}", $"The target of its redirect {mistake}");
    }

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? value) => value?.Delta ?? value?.Date - time.GetUtcNow();
}
