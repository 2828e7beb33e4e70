using System.CommandLine;
using AspNetSpiffe.Cli.Output;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Cli.Commands;

/// <summary>aspnet-spiffe watch: shows every update of a Workload API until Ctrl+C, or until the reader closes the pipe.</summary>
internal static class WatchCommand
{
    public static Command Create()
    {
        var socket = SocketOption.Create();
        var json = JsonOption.Create("Write one line of JSON for each update.");
        var command = new Command("watch", "Shows X509-SVIDs and bundles each time they change, until Ctrl+C. Errors are written to standard error, and the stream is retried.") { socket, json };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(socket), parsed.GetValue(json), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string? socket, bool json, CancellationToken cancellationToken)
    {
        var options = new SpiffeOptions { EndpointSocket = SocketOption.Read(socket).ToString(), StartupTimeout = Timeout.InfiniteTimeSpan };
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, StandardOutput.Closed());
        using var logging = new LoggerFactory([new TerminalLogger(Terminal.OfErrors(), SourceUpdates.IsTrouble)]);
        var terminal = new Terminal();
        try
        {
            await using var source = await X509Source.StartAsync(options, logging, ending.Token);
            await foreach (var context in source.WatchAsync(ending.Token)) Show(terminal, context, json);
            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            return ExitCode.Done;
        }
    }

    private static void Show(Terminal terminal, X509Context? context, bool json)
    {
        if (json)
        {
            Json.WriteLine(context is null ? Json.OfNone() : Json.Of(context));
            return;
        }

        terminal.Note($"── {TimeProvider.System.GetLocalNow():HH:mm:ss} ──");
        if (context is null) terminal.Title("no identity: the Workload API has withdrawn it");
        else terminal.Show(context);
        terminal.Blank();
    }
}
