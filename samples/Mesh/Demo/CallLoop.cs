namespace Mesh.Demo;

/// <summary>Calls a service, one call after the other, until it is stopped.</summary>
internal sealed class CallLoop : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly HttpClient _client;
    private readonly Task<(int Made, int Failed)> _calls;

    public CallLoop(HttpClient client, string url)
    {
        _client = client;
        _calls = Task.Run(() => CallAsync(url));
    }

    public async Task<(int Made, int Failed)> StopAsync()
    {
        await _stopping.CancelAsync();
        return await _calls;
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
        _client.Dispose();
    }

    private async Task<(int Made, int Failed)> CallAsync(string url)
    {
        var (made, failed) = (0, 0);
        while (!_stopping.IsCancellationRequested)
        {
            using var response = await _client.GetAsync(url, CancellationToken.None);
            made++;
            if (!response.IsSuccessStatusCode) failed++;
        }

        return (made, failed);
    }
}
