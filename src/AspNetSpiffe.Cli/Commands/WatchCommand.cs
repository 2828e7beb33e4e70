using System.CommandLine;
using AspNetSpiffe.Cli.Output;

namespace AspNetSpiffe.Cli.Commands;

/// <summary>aspnet-spiffe watch: shows every update of a Workload API until Ctrl+C, or until the stream ends.</summary>
internal static class WatchCommand
{
    public static Command Create()
    {
        var socket = SocketOption.Create();
        var json = new Option<bool>("--json") { Description = "Write one line of JSON for each update." };
        var command = new Command("watch", "Shows X509-SVIDs and bundles each time they change, until Ctrl+C.") { socket, json };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(socket), parsed.GetValue(json), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string? socket, bool json, CancellationToken cancellationToken)
    {
        var address = SocketOption.Read(socket);
        using var client = new WorkloadApiClient(address);
        var terminal = new Terminal();
        try
        {
            await foreach (var context in client.WatchX509ContextAsync(cancellationToken))
            {
                if (json)
                {
                    Json.WriteLine(Json.Of(context));
                    continue;
                }

                terminal.Note($"── {TimeProvider.System.GetLocalNow():HH:mm:ss} ──");
                terminal.Show(context);
                terminal.Blank();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 0;
        }

        // Ctrl+C is how a watch ends well; whatever else ends it is a failure.
        throw new IOException($"The Workload API at '{address}' ended the stream.");
    }
}
