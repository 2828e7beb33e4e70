using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcMtls;

namespace AspNetSpiffe.InteropTests;

/// <summary>HttpClient and Grpc.Net.Client under full load, without anything of AspNetSpiffe: each new connection shows what the file has then. Nothing is tried again here.</summary>
internal static class DotNetLoad
{
    public static async Task<LoadReport> HttpAsync(Version version, string authority, string folder, Task over)
    {
        using var client = new HttpClient(Handler(folder, version.Major == 1 ? SslApplicationProtocol.Http11 : SslApplicationProtocol.Http2));
        return await RunAsync(
            async method =>
            {
                using var request = new HttpRequestMessage(method, $"https://{authority}/load")
                {
                    Version = version,
                    VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                    Content = method == HttpMethod.Post ? new StringContent("hello") : null,
                };
                using var response = await client.SendAsync(request);
                return response.StatusCode == HttpStatusCode.OK ? null : $"{(int)response.StatusCode}";
            },
            over);
    }

    public static async Task<LoadReport> GrpcAsync(string authority, string folder, Task over)
    {
        using var channel = GrpcChannel.ForAddress($"https://{authority}", new() { HttpHandler = Handler(folder, SslApplicationProtocol.Http2), DisposeHttpClient = true });
        var greeter = new Greeter.GreeterClient(channel);
        return await RunAsync(
            async _ =>
            {
                var reply = await greeter.SayHelloAsync(new() { Name = "Ada" });
                return reply.Message == "Hello, Ada." ? null : reply.Message;
            },
            over);
    }

    private static async Task<LoadReport> RunAsync(Func<HttpMethod, Task<string?>> call, Task over)
    {
        var workers = await Task.WhenAll(new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Get, HttpMethod.Post }.Select(method => WorkAsync(method, call, over)));
        return new(workers.Sum(worker => worker.Requests), 0, [.. workers.SelectMany(worker => worker.Failures)]);
    }

    private static async Task<LoadReport> WorkAsync(HttpMethod method, Func<HttpMethod, Task<string?>> call, Task over)
    {
        var (requests, failures) = (0L, new List<string>());
        for (; !over.IsCompleted && failures.Count < 25; requests++)
        {
            try
            {
                if (await call(method) is { } refusal) failures.Add($"{method} {refusal}");
            }
            catch (Exception e) when (e is HttpRequestException or RpcException)
            {
                failures.Add($"{method} {e}");
            }
        }

        return new(requests, 0, failures);
    }

    private static SocketsHttpHandler Handler(string folder, SslApplicationProtocol protocol) => new()
    {
        UseProxy = false,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var pem = await File.ReadAllTextAsync(Path.Combine(folder, "identity.pem"), cancellationToken);
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await stream.AuthenticateAsClientAsync(Options(folder, pem, protocol), cancellationToken);
            return stream;
        },
    };

    private static SslClientAuthenticationOptions Options(string folder, string pem, SslApplicationProtocol protocol)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pem);
        chain.RemoveAt(0);
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.ImportFromPemFile(Path.Combine(folder, "bundle.pem"));
        return new()
        {
            TargetHost = "server",
            ApplicationProtocols = [protocol],
            ClientCertificateContext = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(pem, pem), chain, offline: true),
            CertificateChainPolicy = trust,

            // A SPIFFE server is known by its chain, not by its host name.
            RemoteCertificateValidationCallback = (_, _, _, errors) => errors is SslPolicyErrors.None or SslPolicyErrors.RemoteCertificateNameMismatch,
        };
    }
}
