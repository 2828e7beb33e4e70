// Two services authenticate each other by SPIFFE ID, in one process, without any setup.
using System.Diagnostics;
using System.Net;
using AspNetSpiffe;
using Microsoft.Extensions.Primitives;
using QuickStart;

var story = new Story();
var clock = Stopwatch.StartNew();
using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(25));
try
{
    await RunAsync(story, timeout.Token);
    Console.WriteLine();
    Console.WriteLine($"Done in {clock.Elapsed.TotalSeconds:0.0} s. No key was written to disk, and nothing is left behind.");
    return 0;
}
catch (Exception e)
{
    Console.Error.WriteLine();
    Console.Error.WriteLine($"The step '{story.Current}' failed: {e.Message}");
    return 1;
}

static async Task RunAsync(Story story, CancellationToken cancellationToken)
{
    story.Step("A development agent issues identities, each over a socket of its own");
    await using var agent = await DevAgent.StartAsync(
        new DevAgentOptions { TrustDomain = TrustDomain.Parse("example.org") }.AddWorkload("orders", "/orders").AddWorkload("cart", "/ns/shop/cart"),
        cancellationToken);
    await using var stranger = await DevAgent.StartAsync(
        new DevAgentOptions { TrustDomain = TrustDomain.Parse("elsewhere.test") }.AddWorkload("cart", "/ns/shop/cart"), cancellationToken);
    stranger.AddFederatedBundle(agent);
    story.Tell("trust domains", $"{agent.TrustDomain}, and a stranger: {stranger.TrustDomain}");

    story.Step("The orders service starts with builder.WebHost.UseSpiffeMtls()");
    await using var orders = await OrdersService.StartAsync(agent.AddressOf("orders"), story);
    var address = OrdersService.AddressOf(orders);
    story.Tell("listens on", address);

    story.Step("The cart calls the orders service, and each proves who it is");
    await using var cart = await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = agent.AddressOf("cart") }, cancellationToken: cancellationToken);
    using var client = Client(cart, address);
    story.Tell("GET /hello", await client.GetStringAsync("/hello", cancellationToken));

    story.Step("A policy keeps the cart from the reports");
    using var report = await client.GetAsync("/report", cancellationToken);
    story.Tell("GET /report", $"{(int)report.StatusCode} {report.ReasonPhrase}");
    Expect(report.StatusCode == HttpStatusCode.Forbidden, "The policy let the cart through.");

    story.Step("A stranger with the same path in another trust domain is refused at the handshake");
    await using var strange = await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = stranger.AddressOf("cart") }, cancellationToken: cancellationToken);
    using var strangeClient = Client(strange, address);
    story.Tell("the stranger sees", await RefusalOfAsync(strangeClient, cancellationToken));
    story.Tell("the orders service logs", story.NextRefusal());

    story.Step("Every SVID is renewed while the two go on talking");
    var before = await SerialsAsync(client, orders, cancellationToken);
    await RotateAsync(agent, cancellationToken, cart, orders.Services.GetRequiredService<X509Source>());
    var after = await SerialsAsync(client, orders, cancellationToken);
    story.Tell("serial of the cart", $"{before.Cart[^8..]} -> {after.Cart[^8..]}");
    story.Tell("serial of orders", $"{before.Orders[^8..]} -> {after.Orders[^8..]}");
    Expect(before.Cart != after.Cart && before.Orders != after.Orders, "The old SVIDs are still in use.");
    story.Tell("GET /hello", await client.GetStringAsync("/hello", cancellationToken));
}

static HttpClient Client(X509Source source, string address) =>
    new(SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse("spiffe://example.org/orders"))) { BaseAddress = new Uri(address) };

static async Task<string> RefusalOfAsync(HttpClient client, CancellationToken cancellationToken)
{
    try
    {
        await client.GetAsync("/hello", cancellationToken);
    }
    catch (HttpRequestException e)
    {
        return $"{e.HttpRequestError}, and no reason";
    }

    throw new InvalidOperationException("The stranger was let in.");
}

static async Task<(string Cart, string Orders)> SerialsAsync(HttpClient client, WebApplication orders, CancellationToken cancellationToken) =>
    (await client.GetStringAsync("/serial", cancellationToken), orders.Services.GetRequiredService<X509Source>().Current!.DefaultSvid.Leaf.SerialNumber);

static async Task RotateAsync(DevAgent agent, CancellationToken cancellationToken, params X509Source[] sources)
{
    var renewed = sources.Select(source => NextAsync(source.GetChangeToken(), cancellationToken)).ToArray();
    agent.Rotate();
    await Task.WhenAll(renewed);
}

static async Task NextAsync(IChangeToken change, CancellationToken cancellationToken)
{
    var changed = new TaskCompletionSource();
    using var registration = change.RegisterChangeCallback(_ => changed.TrySetResult(), null);
    await changed.Task.WaitAsync(cancellationToken);
}

static void Expect(bool holds, string otherwise)
{
    if (!holds) throw new InvalidOperationException(otherwise);
}
