extern alias analyzers;

using analyzers::AspNetSpiffe.Analyzers;

namespace AspNetSpiffe.Analyzers.Tests;

/// <summary>ASPS008: what the library refuses as HubConnectionTests show, and nothing that it takes.</summary>
public sealed class HubTests : RuleTest<HubAnalyzer>
{
    [Theory]
    [InlineData("""{|ASPS008:options.HttpMessageHandlerFactory = handler => handler|}""")]
    [InlineData("""{|ASPS008:options.HttpMessageHandlerFactory = Factory|}""")]
    [InlineData("""{|ASPS008:options.WebSocketFactory = (_, _) => throw new NotSupportedException()|}""")]
    [InlineData("""{|ASPS008:options.ClientCertificates = [certificate]|}""")]
    [InlineData("""{|ASPS008:options.ClientCertificates = new() { certificate }|}""")]
    [InlineData("""{|ASPS008:options.ClientCertificates!.Add(certificate)|}""")]
    [InlineData("""{|ASPS008:options.Credentials = new System.Net.NetworkCredential("a", "b")|}""")]
    [InlineData("""{|ASPS008:options.UseDefaultCredentials = true|}""")]
    [InlineData("""{ options.HttpMessageHandlerFactory = null; {|ASPS008:options.HttpMessageHandlerFactory = handler => handler|}; }""")]
    [InlineData("""{ options.SkipNegotiation = true; {|ASPS008:options.UseDefaultCredentials = true|}; {|ASPS008:options.WebSocketFactory = Sockets()|}; }""")]
    public async Task Settings_that_would_call_without_the_identity_are_found(string settings)
    {
        await VerifyAsync(Program($"new HubConnectionBuilder().WithUrl(\"https://chat/hub\", options => {settings}).AddSpiffeMtls(source, \"spiffe://a/b\").Build();"));
        await VerifyAsync(Program($"new HubConnectionBuilder().AddSpiffeMtls(source, SpiffeIdPattern.None).WithAutomaticReconnect().WithUrl(new Uri(\"https://chat/hub\"), options => {settings});"));
    }

    [Theory]
    [InlineData("""new HubConnectionBuilder().WithUrl({|ASPS008:"http://chat/hub"|}).AddSpiffeMtls(source, "spiffe://a/b");""")]
    [InlineData("""new HubConnectionBuilder().AddSpiffeMtls(source, "spiffe://a/b").WithUrl({|ASPS008:new Uri("HTTP://chat/hub")|}, options => options.SkipNegotiation = true);""")]
    public Task An_address_without_https_is_found(string statement) => VerifyAsync(Program(statement));

    [Theory]
    [InlineData("""options.HttpMessageHandlerFactory = null""")]
    [InlineData("""options.HttpMessageHandlerFactory = Perhaps()""")]
    [InlineData("""{ if (args.Length > 0) options.UseDefaultCredentials = true; }""")]
    [InlineData("""{ if (args.Length > 0) options.ClientCertificates!.Add(certificate); }""")]
    [InlineData("""{ options.ClientCertificates!.Add(certificate); options.ClientCertificates.Clear(); }""")]
    [InlineData("""{ options.UseDefaultCredentials = true; options.UseDefaultCredentials = args.Length > 0; }""")]
    [InlineData("""{ options.UseDefaultCredentials = false; options.Credentials = null; options.ClientCertificates = []; }""")]
    [InlineData("""options.ClientCertificates = [.. Array.Empty<X509Certificate2>()]""")]
    [InlineData("""{ options.WebSocketConfiguration = socket => { }; options.Proxy = new System.Net.WebProxy(); options.AccessTokenProvider = () => System.Threading.Tasks.Task.FromResult<string?>("t"); }""")]
    public Task What_the_library_takes_is_let_alone(string settings) =>
        VerifyAsync(Program($"new HubConnectionBuilder().WithUrl(\"https://chat/hub\", options => {settings}).AddSpiffeMtls(source, \"spiffe://a/b\").Build();"));

    [Theory]
    [InlineData("""new HubConnectionBuilder().WithUrl("http://chat/hub", options => options.UseDefaultCredentials = true).Build();""")]
    [InlineData("""new HubConnectionBuilder().WithUrl("http://chat/hub", options => options.Url = new("https://chat/hub")).AddSpiffeMtls(source, "spiffe://a/b");""")]
    [InlineData("""new HubConnectionBuilder().WithUrl("http://chat/hub", Configure).AddSpiffeMtls(source, "spiffe://a/b");""")]
    [InlineData("""new HubConnectionBuilder().WithUrl("http://chat/hub", options => options.UseDefaultCredentials = true).AddSpiffeMtls(source, "spiffe://a/b").WithUrl("https://chat/hub", options => options.UseDefaultCredentials = false);""")]
    [InlineData("""new HubConnectionBuilder().WithUrl("http://chat/hub").AddSpiffeMtls(source, "spiffe://a/b").AddOwn();""")]
    [InlineData("""void Add(IHubConnectionBuilder connection) => connection.WithUrl("http://chat/hub").AddSpiffeMtls(source, "spiffe://a/b");""")]
    public Task Where_the_two_may_not_meet_nothing_is_said(string statement) => VerifyAsync(Program(statement));

    [Fact]
    public Task The_message_names_the_setting_and_says_what_to_do() => VerifyAsync(
        Program("""new HubConnectionBuilder().WithUrl("https://chat/hub", options => {|#0:options.HttpMessageHandlerFactory = Factory|}).AddSpiffeMtls(source, "spiffe://a/b");"""),
        "ASPS008",
        "HttpMessageHandlerFactory would have no effect, so the hub connection cannot be created with a SPIFFE identity, and Build() throws an InvalidOperationException. " +
        "Remove it: AddSpiffeMtls creates the handler, and its argument 'configure' receives the SocketsHttpHandler.");

    private static string Program(string statement) => $$"""
        X509Source source = null!;
        X509Certificate2 certificate = new([]);
        {{statement}}

        HttpMessageHandler Factory(HttpMessageHandler handler) => handler;
        Func<HttpMessageHandler, HttpMessageHandler>? Perhaps() => args.Length > 0 ? Factory : null;
        Func<Microsoft.AspNetCore.Http.Connections.Client.WebSocketConnectionContext, System.Threading.CancellationToken, System.Threading.Tasks.ValueTask<System.Net.WebSockets.WebSocket>> Sockets() => throw new NotSupportedException();
        void Configure(Microsoft.AspNetCore.Http.Connections.Client.HttpConnectionOptions options) => options.Url = new("https://chat/hub");

        internal static class Own
        {
            public static IHubConnectionBuilder AddOwn(this IHubConnectionBuilder connection) => connection.WithUrl("https://chat/hub");
        }
        """;
}
