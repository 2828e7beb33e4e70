using System.Net;

namespace AspNetSpiffe;

/// <summary>The location of a certificate revocation list: a configured file or URL.</summary>
internal abstract class RevocationListPlace(string name)
{
    /// <summary>Gets the location as it is configured.</summary>
    public string Name => name;

    /// <summary>Reads the list.</summary>
    /// <exception cref="FormatException">It cannot be read; the message says why.</exception>
    public abstract Task<byte[]> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Gets the polling interval.</summary>
    public abstract TimeSpan Interval { get; }
}

/// <summary>A list in a file.</summary>
internal sealed class RevocationListFile(string path, int maxBytes) : RevocationListPlace(path)
{
    public override TimeSpan Interval { get; } = TimeSpan.FromSeconds(1);

    public override Task<byte[]> ReadAsync(CancellationToken cancellationToken) => Task.FromResult(FileSnapshot.ReadFile(Name, maxBytes));
}

/// <summary>A list at a URL: fetched without redirects, cookies or credentials.</summary>
internal sealed class RevocationListUrl(string url, TimeSpan interval, HttpClient http) : RevocationListPlace(url)
{
    public override TimeSpan Interval => interval;

    public override async Task<byte[]> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.GetAsync(SpiffeRevocationOptions.UrlOf(Name), cancellationToken).ConfigureAwait(false);
            return response.StatusCode == HttpStatusCode.OK
                ? await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false)
                : throw new FormatException($"The server answered {(int)response.StatusCode}.");
        }
        catch (HttpRequestException e)
        {
            throw new FormatException($"It cannot be fetched: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FormatException($"It cannot be fetched: no answer within {http.Timeout.TotalSeconds:0} s.", e);
        }
    }
}
