using System.Net;

namespace HttpMtls.Client;

/// <summary>A typed client of the server, without any code for certificates.</summary>
internal sealed class ServerClient(HttpClient http)
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    public async Task CallAllAsync()
    {
        Console.Write($"GET /api/hello      {await http.GetStringAsync("/api/hello")}");
        Console.WriteLine($"GET /api/identity   {await http.GetStringAsync("/api/identity")}");
        foreach (var version in (Version[])[HttpVersion.Version11, HttpVersion.Version20])
            foreach (var method in Methods)
                await EchoAsync(method, version);
    }

    public async Task CallWithTokenAsync() => Console.Write($"GET /jwt/hello      {await http.GetStringAsync("/jwt/hello")}");

    private async Task EchoAsync(string method, Version version)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/echo") { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        if (method is "POST" or "PUT" or "PATCH") request.Content = new StringContent($"{method} says hello");

        using var response = await http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        Console.WriteLine($"{method,-8}HTTP/{response.Version}    {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
    }
}
