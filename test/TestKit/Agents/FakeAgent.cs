using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AspNetSpiffe.TestKit;

/// <summary>A scripted Workload API server, valid or not: real HTTP/2 over a fresh Unix socket, which is removed with its folder, or over TCP.</summary>
/// <remarks>
/// The steps form one script. A call runs the next steps until one ends it; without steps it waits without a response.
/// Steps may be given before or during a call, from any thread.
/// </remarks>
public sealed class FakeAgent : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fake-agent-");
    private readonly Channel<FakeStep> _script = Channel.CreateUnbounded<FakeStep>();
    private readonly Lock _lock = new();
    private readonly List<FakeCall> _calls = [];
    private TaskCompletionSource _called = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _lastStep = Task.CompletedTask;
    private FakeAgentServer? _server;

    private FakeAgent()
    {
        SocketPath = Path.Combine(_folder.FullName, "agent.sock");
        Address = $"unix://{SocketPath}";
    }

    /// <summary>Gets the path of the socket.</summary>
    public string SocketPath { get; }

    /// <summary>Gets the address for the configuration.</summary>
    public string Address { get; private set; }

    /// <summary>Gets or sets steps for the beginning of every call, before those of the script: for an agent that always responds in the same way.</summary>
    public Action<FakeAgent>? OnEachCall { get; set; }

    /// <summary>Gets or sets a message that every call gets before its steps, for concurrent calls, which share the script.</summary>
    public IMessage? Greeting { get; set; }

    /// <summary>Gets the messages with which the calls of a method begin, by the method's name.</summary>
    public IDictionary<string, IMessage> Greetings { get; } = new Dictionary<string, IMessage>(StringComparer.Ordinal);

    /// <summary>Issues an identity to every call that asks for X509-SVIDs.</summary>
    public void Greet(TestIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        Greetings["FetchX509SVID"] = identity.ToWire();
    }

    /// <summary>Gets the calls so far.</summary>
    public IReadOnlyList<FakeCall> Calls
    {
        get
        {
            lock (_lock) return [.. _calls];
        }
    }

    /// <summary>Starts an agent.</summary>
    public static async Task<FakeAgent> StartAsync()
    {
        var agent = new FakeAgent();
        await agent.RestartAsync();
        return agent;
    }

    /// <summary>Starts an agent that listens on TCP only.</summary>
    public static async Task<FakeAgent> StartOnTcpAsync()
    {
        var agent = new FakeAgent();
        agent._server = new(null, agent.AnswerAsync);
        await agent._server.StartAsync();
        agent.Address = $"tcp://{agent._server.Authority}";
        return agent;
    }

    /// <summary>Listens again, on the same path.</summary>
    public async Task RestartAsync()
    {
        _server = new(SocketPath, AnswerAsync);
        await _server.StartAsync();
    }

    /// <summary>Stops abruptly: connections break, the socket file is removed.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _server, null) is { } server) await server.DisposeAsync();
    }

    /// <summary>Waits until that many calls have arrived, including earlier ones, and returns the last of them.</summary>
    public async Task<FakeCall> WaitForCallAsync(int number, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task called;
            lock (_lock)
            {
                if (_calls.Count >= number) return _calls[number - 1];
                called = _called.Task;
            }

            await called.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Waits until every step so far is done, its bytes flushed.</summary>
    public Task WaitForScriptAsync(CancellationToken cancellationToken) => Volatile.Read(ref _lastStep).WaitAsync(cancellationToken);

    /// <summary>Sends a message.</summary>
    public void Send(IMessage message) => SendRaw(GrpcFrame.Of(message.ToByteArray()));

    /// <summary>Issues an identity.</summary>
    public void Send(TestIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        Send(identity.ToWire());
    }

    /// <summary>Sends bytes as they are, after the headers of a gRPC answer.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="encoding">How messages are compressed, to say in the headers.</param>
    public void SendRaw(byte[] bytes, string? encoding = null) => Add(ends: false, context =>
    {
        if (encoding is not null) context.Response.Headers["grpc-encoding"] = encoding;
        return WriteAsync(context, bytes);
    });

    /// <summary>Sends bytes as they are, in one write each, and ends the call with status OK, whether or not the caller reads to the end.</summary>
    public void Answer(IEnumerable<byte[]> writes) => Add(ends: true, async context =>
    {
        context.Response.ContentType = "application/grpc";
        foreach (var bytes in writes)
        {
            await context.Response.Body.WriteAsync(bytes, CancellationToken.None);
            await context.Response.Body.FlushAsync(CancellationToken.None);
        }

        AddStatus(context.Response, "grpc-status", "0");
    });

    /// <summary>Ends the call with a status: in trailers after messages, otherwise in the headers.</summary>
    public void CloseWith(StatusCode code, string text = "") =>
        CloseWith(((int)code).ToString(CultureInfo.InvariantCulture), EncodePercent(text));

    /// <summary>Ends the call with these exact values of <c>grpc-status</c> and <c>grpc-message</c>.</summary>
    public void CloseWith(string status, string message) => Add(ends: true, context =>
    {
        AddStatus(context.Response, "grpc-status", status);
        if (message.Length > 0) AddStatus(context.Response, "grpc-message", message);
        return Task.CompletedTask;
    });

    /// <summary>Ends the call without any status.</summary>
    public void CloseWithoutStatus() => Add(ends: true, context =>
    {
        if (!context.Response.HasStarted) context.Response.ContentType = "application/grpc";
        return Task.CompletedTask;
    });

    /// <summary>Breaks the connection.</summary>
    public void Abort() => Add(ends: true, context =>
    {
        context.Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
        return Task.CompletedTask;
    });

    /// <summary>Ends the call with an error code of HTTP/2, and leaves the connection.</summary>
    public void Reset(int errorCode) => Add(ends: true, context =>
    {
        context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(errorCode);
        return Task.CompletedTask;
    });

    /// <summary>Responds like a web server.</summary>
    public void AnswerHttp(int statusCode, string? contentType, string body = "") => Add(ends: true, async context =>
    {
        context.Response.StatusCode = statusCode;
        context.Response.ContentType = contentType;
        await context.Response.WriteAsync(body, context.RequestAborted);
    });

    /// <summary>Stops, and removes the socket and its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Delete(recursive: true);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        OnEachCall?.Invoke(this);
        var call = new FakeCall(context.Request.Path, HeadersOf(context.Request), body.ToArray());
        Record(call);
        try
        {
            if (Greeting is { } greeting) await WriteAsync(context, GrpcFrame.Of(greeting.ToByteArray()));
            if (Greetings.TryGetValue(call.Path[(call.Path.LastIndexOf('/') + 1)..], out var own)) await WriteAsync(context, GrpcFrame.Of(own.ToByteArray()));
            await FollowScriptAsync(context);
        }
        finally
        {
            call.Ended.SetResult(context.RequestAborted.IsCancellationRequested);
        }
    }

    private static async Task WriteAsync(HttpContext context, byte[] bytes)
    {
        if (!context.Response.HasStarted) context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private async Task FollowScriptAsync(HttpContext context)
    {
        var ended = false;
        while (!ended)
        {
            var step = await _script.Reader.ReadAsync(context.RequestAborted);
            await DoAsync(step, context);
            ended = step.EndsCall;
        }
    }

    private static async Task DoAsync(FakeStep step, HttpContext context)
    {
        try
        {
            await step.Act(context);
            step.Done.SetResult();
        }
        catch (Exception e)
        {
            // Reported to the test that waits for the script.
            step.Done.SetException(e);
            throw;
        }
    }

    private void Record(FakeCall call)
    {
        TaskCompletionSource called;
        lock (_lock)
        {
            _calls.Add(call);
            called = _called;
            _called = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        called.SetResult();
    }

    private void Add(bool ends, Func<HttpContext, Task> act)
    {
        var step = new FakeStep(act, ends);
        Volatile.Write(ref _lastStep, step.Done.Task);
        _script.Writer.TryWrite(step);
    }

    private static Dictionary<string, IReadOnlyList<string>> HeadersOf(HttpRequest request) =>
        request.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), IReadOnlyList<string> (h) => [.. h.Value.Select(v => v ?? "")], StringComparer.Ordinal);

    private static void AddStatus(HttpResponse response, string name, string value)
    {
        if (response.HasStarted)
        {
            response.AppendTrailer(name, value);
            return;
        }

        response.ContentType = "application/grpc";
        response.Headers[name] = value;
    }

    // gRPC over HTTP/2: everything but printable ASCII without '%'.
    private static string EncodePercent(string text) =>
        string.Concat(Encoding.UTF8.GetBytes(text).Select(b => b is >= 0x20 and <= 0x7E and not (byte)'%' ? ((char)b).ToString() : $"%{b:X2}"));
}
