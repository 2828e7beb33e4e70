using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Workload.Tests.Federation;

/// <summary>Kestrel as a bundle endpoint whose certificate and answers are the test's. It asks for a client certificate, to see whether one comes.</summary>
internal sealed class BundleServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private BundleServer(TestSvid certificate)
    {
        Certificate = certificate;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(CreateOptions()) })));
        _app = builder.Build();
        _app.Run(http =>
        {
            Requests.Enqueue($"{http.Request.Method} {http.Request.Path}{http.Request.QueryString}");
            LastHeaders = http.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString());
            return Answer(http);
        });
    }

    public static async Task<BundleServer> StartAsync(TestSvid certificate, SpiffeBundle? bundle = null)
    {
        var server = new BundleServer(certificate);
        if (bundle is not null) server.Serve(bundle);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>Gets or sets what the next handshake shows.</summary>
    public TestSvid Certificate { get; set; }

    /// <summary>Gets or sets whether the intermediates are sent too.</summary>
    public bool SendsIntermediates { get; set; } = true;

    public RequestDelegate Answer { get; set; } = static http => http.Response.CompleteAsync();

    /// <summary>Gets the requests so far: method, path and query.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    public IReadOnlyDictionary<string, string> LastHeaders { get; private set; } = new Dictionary<string, string>();

    /// <summary>Gets how many handshakes were begun.</summary>
    public int Handshakes => _handshakes;

    private int _handshakes;

    public bool ClientCertificateCame { get; private set; }

    public int Port => new Uri(_app.Urls.Single()).Port;

    public string Url => $"https://127.0.0.1:{Port}/bundle.json";

    public void Serve(SpiffeBundle bundle) => Serve(bundle.ToUtf8Json());

    public void Serve(byte[] json) => Answer = http =>
    {
        http.Response.ContentType = "application/json";
        return http.Response.Body.WriteAsync(json, http.RequestAborted).AsTask();
    };

    public void Serve(int status, params (string Name, string Value)[] headers) => Answer = http =>
    {
        http.Response.StatusCode = status;
        foreach (var (name, value) in headers) http.Response.Headers[name] = value;
        return Task.CompletedTask;
    };

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private SslServerAuthenticationOptions CreateOptions()
    {
        Interlocked.Increment(ref _handshakes);
        return new()
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(Certificate.Leaf, SendsIntermediates ? [.. Certificate.Intermediates] : [], offline: true),
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                ClientCertificateCame |= certificate is not null;
                return true;
            },
        };
    }
}
