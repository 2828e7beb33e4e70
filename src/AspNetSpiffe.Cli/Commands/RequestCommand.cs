using System.CommandLine;
using System.Security.Authentication;
using System.Text.Json.Nodes;
using AspNetSpiffe.Cli.Output;
using AspNetSpiffe.Cli.Requests;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Cli.Commands;

/// <summary>aspnet-spiffe request: sends a request over mutual TLS with our SVID, to the expected server only; curl can do neither.</summary>
internal static class RequestCommand
{
    public static Command Create()
    {
        var url = new Argument<string>("URL") { Description = "The URL, for example https://localhost:8443/hello." };
        var expect = new Option<string>("--expect") { Description = "The expected server: an ID or a pattern. Nothing is sent to any other server.", Required = true, HelpName = "PATTERN" };
        var method = new Option<string?>("--method", "-X") { Description = "The method. Default: GET, with --data POST.", HelpName = "METHOD" };
        var header = new Option<string[]>("--header", "-H") { Description = "A header, for example 'Accept: application/json'. May be repeated.", HelpName = "LINE" };
        var data = new Option<string?>("--data", "-d") { Description = "The body, sent as application/json unless a header says otherwise.", HelpName = "TEXT" };
        var identity = new Option<string?>("--identity") { Description = "Which SVID to present, if there are several: an ID or a pattern. Default: the first.", HelpName = "PATTERN" };
        var timeout = new Option<string>("--timeout") { Description = "The timeout of the whole request.", DefaultValueFactory = _ => "30s", HelpName = "TIME" };
        var (socket, json) = (SocketOption.Create(), JsonOption.Create("Write both chains, the verdict and the response as JSON."));
        var command = new Command(
            "request",
            "Sends a request over mutual TLS with our SVID. The response body is written to standard output, both chains and the verdict to standard error. " +
            "Exit codes: 0 success, 1 no response, 2 invalid command line, 3 the server was rejected, 4 a response with a status of 400 or more.")
        {
            url, expect, method, header, data, identity, timeout, socket, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var expected = UsageException.Parse(parsed.GetRequiredValue(expect), SpiffeIdPattern.Parse);
            using var request = CreateRequest(parsed.GetRequiredValue(url), parsed.GetValue(method), parsed.GetValue(data), parsed.GetValue(header) ?? []);
            var options = new SpiffeOptions { EndpointSocket = SocketOption.Read(parsed.GetValue(socket)).ToString(), Identity = parsed.GetValue(identity) };
            if (options.Identity is { } which) UsageException.Parse(which, SpiffeIdPattern.Parse);
            options.StartupTimeout = UsageException.Parse(parsed.GetRequiredValue(timeout), Duration.Parse);
            return await RunAsync(request, expected, options, parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    private static HttpRequestMessage CreateRequest(string url, string? method, string? data, string[] headers)
    {
        if (!url.StartsWith("https://", StringComparison.OrdinalIgnoreCase)) throw new UsageException($"'{url}' is not an https URL: SVIDs are presented over TLS only.");
        var request = UsageException.Parse(url, text => new HttpRequestMessage(new(method ?? (data is null ? "GET" : "POST")), text));
        (request.Version, request.VersionPolicy) = (new(2, 0), HttpVersionPolicy.RequestVersionOrLower);
        if (data is not null) request.Content = new StringContent(data, null, "application/json");
        foreach (var line in headers) HeaderLine.Add(request, line);
        return request;
    }

    private static async Task<int> RunAsync(HttpRequestMessage request, SpiffeIdPattern expected, SpiffeOptions options, bool json, CancellationToken cancellationToken)
    {
        var closed = StandardOutput.Closed();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closed);
        ending.CancelAfter(options.StartupTimeout);
        using var refusals = new RefusalLog();
        using var logging = new LoggerFactory([refusals]);
        await using var source = await Progress.ShowAsync($"waiting for an identity from {options.EndpointSocket}", X509Source.StartAsync(options, logging, ending.Token));
        var (ours, connection) = (source.Current!.DefaultSvid, new ServerConnection(source, expected));
        using var client = new HttpClient(new SocketsHttpHandler { ConnectCallback = connection.ConnectAsync, UseProxy = false, AllowAutoRedirect = false, UseCookies = false }) { Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            using var response = await Progress.ShowAsync("waiting for the response", client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ending.Token));
            var result = new RequestResult(ours, expected, connection.Presented, connection.Verdict);
            if (json) Json.Write(await ToJsonAsync(result, response, ending.Token));
            else await ShowAsync(result, response, ending.Token);
            return response.IsSuccessStatusCode || (int)response.StatusCode < 400 ? ExitCode.Done : ExitCode.ErrorStatus;
        }
        catch (HttpRequestException failure)
        {
            return Fail(new(ours, expected, connection.Presented, connection.Verdict), failure, refusals.Text, json);
        }
        catch (OperationCanceledException) when (closed.IsCancellationRequested)
        {
            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"There was no response within {Duration.Describe(options.StartupTimeout)}.");
        }
    }

    private static int Fail(RequestResult result, HttpRequestException failure, string? refusal, bool json)
    {
        var exitCode = refusal is null ? ExitCode.Failed : ExitCode.ServerRefused;
        var text = refusal ?? Explain(failure, result);
        if (json)
        {
            var document = result.ToJson();
            (document["error"], document["exitCode"]) = (text, exitCode);
            Json.Write(document);
            return exitCode;
        }

        var terminal = Terminal.OfErrors();
        result.Show(terminal);
        terminal.Blank();
        terminal.Problem($"aspnet-spiffe: {text}");
        return exitCode;
    }

    // A server that rejects us sends no reason, and with TLS 1.3 it does so after our handshake has completed.
    private static string Explain(HttpRequestException failure, RequestResult result)
    {
        var cause = failure.GetBaseException().Message.TrimEnd('.');
        if (result.Verdict is { Accepted: true })
            return $"The server was verified, but closed the connection before it sent a response ({cause}). It may have rejected our SVID '{result.Ours.Id}': the reason is not sent to the client, but is in the server's log. " +
                "Usual reasons: it does not allow this ID, or has no bundle of our trust domain.";
        return failure.InnerException is IOException or AuthenticationException
            ? $"The TLS handshake failed before the server was verified ({cause}). Is it an https server?"
            : $"The connection to the server failed: {cause}.";
    }

    private static async Task ShowAsync(RequestResult result, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var terminal = Terminal.OfErrors();
        result.Show(terminal);
        terminal.Heading("answer", $"HTTP/{response.Version} {(int)response.StatusCode} {response.ReasonPhrase}");
        await using var output = Console.OpenStandardOutput();
        await response.Content.CopyToAsync(output, cancellationToken);
    }

    private static async Task<JsonObject> ToJsonAsync(RequestResult result, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var document = result.ToJson();
        document["answer"] = new JsonObject
        {
            ["version"] = response.Version.ToString(),
            ["status"] = (int)response.StatusCode,
            ["headers"] = new JsonObject(response.Headers.Concat(response.Content.Headers).Select(static h => KeyValuePair.Create(h.Key, (JsonNode?)string.Join(", ", h.Value)))),
            ["body"] = await response.Content.ReadAsStringAsync(cancellationToken),
        };
        return document;
    }
}
