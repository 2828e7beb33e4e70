using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Principal;

/// <summary>The pipeline of an application on one connection without a server: what a request allocates is all its own.</summary>
internal sealed class Pipeline : IServer, ISpiffePeerFeature
{
    private readonly SpiffePeer? _peer;
    private Action<string>? _send;

    private Pipeline(SpiffePeer? peer) => _peer = peer;

    public IFeatureCollection Features { get; } = new FeatureCollection();

    SpiffePeer? ISpiffePeerFeature.Peer => _peer;

    /// <summary>Gives what a request allocates: as soon as it is that little, else what it is at last, when the JIT and the container have compiled all they want.</summary>
    public static async Task<long> AllocatesAsync(string path, long atMost, Action<WebApplication> map, SpiffePeer? peer)
    {
        using var server = new Pipeline(peer);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IServer>(server);
        builder.Services.AddSpiffeServerSecurity();
        await using var app = builder.Build();
        map(app);
        await app.StartAsync();
        var bytes = long.MaxValue;
        for (var i = 0; i < 1000 && bytes > atMost; i++) bytes = Math.Min(bytes, Allocations.Of(() => server._send!(path)) / 100);
        await app.StopAsync();
        return bytes;
    }

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        var connection = new Connection<TContext>(this);
        _send = path => connection.Send(application, path);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
    }

    // Like Kestrel's: the same for all requests of a connection, and so is the context that hosting leaves in it.
    private sealed class Connection<TContext> : IHostContextContainer<TContext>, IFeatureCollection
        where TContext : notnull
    {
        private readonly (Type Type, object? Feature)[] _own;
        private readonly FeatureCollection _features = new();

        public Connection(ISpiffePeerFeature peer)
        {
            var response = new HttpResponseFeature();
            _own =
            [
                (typeof(IHttpRequestFeature), new HttpRequestFeature { Method = "GET", Scheme = "https" }),
                (typeof(IHttpResponseFeature), response),
                (typeof(IHttpResponseBodyFeature), new StreamResponseBodyFeature(Stream.Null)),
                (typeof(ISpiffePeerFeature), peer),
            ];
        }

        public TContext? HostContext { get; set; }

        public bool IsReadOnly => false;

        public int Revision => _features.Revision;

        public object? this[Type key]
        {
            get => _features[key];
            set => _features[key] = value;
        }

        public void Send(IHttpApplication<TContext> application, string path)
        {
            foreach (var (type, feature) in _own) _features[type] = feature;
            _features.GetRequiredFeature<IHttpRequestFeature>().Path = path;
            var context = application.CreateContext(this);
            var request = application.ProcessRequestAsync(context);
            Assert.True(request.IsCompletedSuccessfully);
            Assert.Equal(StatusCodes.Status200OK, _features.GetRequiredFeature<IHttpResponseFeature>().StatusCode);
            application.DisposeContext(context, null);
            foreach (var (type, _) in _features.ToArray()) _features[type] = null;
        }

        public TFeature? Get<TFeature>() => _features.Get<TFeature>();

        public void Set<TFeature>(TFeature? instance) => _features.Set(instance);

        public IEnumerator<KeyValuePair<Type, object>> GetEnumerator() => _features.GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
