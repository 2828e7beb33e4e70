using System.Net.Sockets;
using Microsoft.AspNetCore.Mvc;

namespace Mesh.Authorities;

/// <summary>Calls a running authority through its operator's socket.</summary>
internal sealed class OperatorClient(string socket) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = (_, cancellationToken) => MeshAddress.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellationToken),
    })
    {
        BaseAddress = new("http://authority"),
    };

    /// <summary>Enrols a workload: creates its folder, with a new endorsement key and the trust bundle, and registers it with the authority.</summary>
    /// <param name="path">The path of its SPIFFE ID.</param>
    /// <param name="folder">The folder of the workload.</param>
    /// <param name="program">The file of its program.</param>
    public async Task EnrollAsync(string path, string folder, string program, CancellationToken cancellationToken)
    {
        var made = new WorkloadFolder(PrivateFolder.Make(folder));
        await File.WriteAllTextAsync(made.Bundle, await _http.GetStringAsync("/bundle", cancellationToken), cancellationToken);
        await SendAsync("/workloads", new Enrolment(path, Platform.CreateKey(made.EndorsementKey), Platform.Measure(program)), cancellationToken);
    }

    /// <summary>Takes a step in the replacement of the authority: prepare, activate or revoke.</summary>
    public Task ReplaceAsync(string step, CancellationToken cancellationToken) => SendAsync($"/authority/{step}", new { }, cancellationToken);

    public void Dispose() => _http.Dispose();

    private async Task SendAsync<T>(string path, T content, CancellationToken cancellationToken)
    {
        using var response = await _http.PostAsJsonAsync(path, content, cancellationToken);
        if (!response.IsSuccessStatusCode) throw new InvalidOperationException((await response.Content.ReadFromJsonAsync<ProblemDetails>(cancellationToken))!.Detail);
    }
}
