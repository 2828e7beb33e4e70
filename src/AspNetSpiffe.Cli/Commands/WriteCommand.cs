using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json.Nodes;
using AspNetSpiffe.Cli.Output;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Cli.Commands;

/// <summary>aspnet-spiffe write: writes the identity to files, for programs without SPIFFE support; with --watch, keeps them current.</summary>
internal static class WriteCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("DIR") { Description = "The directory; created with mode 0700 if it does not exist." };
        var layout = new Choice<FileLayout>("--layout", "The names of the files: tls.crt, tls.key and ca.crt (certmanager, the default), or those of the other layouts in docs/files.md.");
        var watch = new Option<bool>("--watch") { Description = "Keep running: write each time the identity or the bundle changes, until Ctrl+C." };
        var exec = new Option<string?>("--exec") { Description = "Run this command after each change, for example 'nginx -s reload'. No shell: arguments are separated by spaces; double quotes are supported.", HelpName = "CMD" };
        var identity = new Option<string?>("--identity") { Description = "Which SVID, if there are several: an ID or a pattern. Default: the first.", HelpName = "PATTERN" };
        var (socket, json) = (SocketOption.Create(), JsonOption.Create("Write one line of JSON for each change."));
        var command = new Command("write", "Writes the SVID, its key (mode 0600) and the bundle as PEM files, each replaced atomically. A failed --exec command is reported and does not stop the watch.")
        {
            directory, layout.Option, watch, exec, identity, socket, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            var options = new SpiffeOptions { EndpointSocket = SocketOption.Read(parsed.GetValue(socket)).ToString(), Identity = parsed.GetValue(identity) };
            if (options.Identity is { } which) UsageException.Parse(which, SpiffeIdPattern.Parse);
            if (parsed.GetValue(watch)) options.StartupTimeout = Timeout.InfiniteTimeSpan;
            var target = new Target(parsed.GetRequiredValue(directory), layout.Find(parsed) ?? FileLayout.CertManager, Split(parsed.GetValue(exec)), parsed.GetValue(json));
            return RunAsync(options, target, parsed.GetValue(watch), cancellationToken);
        });
        return command;
    }

    private static string[]? Split(string? command) => command is null ? null : CommandLineParser.SplitCommandLine(command).ToArray() is { Length: > 0 } words
        ? words
        : throw new UsageException("--exec has no command.");

    private static async Task<int> RunAsync(SpiffeOptions options, Target target, bool watch, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, StandardOutput.Closed());
        using var logging = new LoggerFactory([new TerminalLogger(Terminal.OfErrors(), SourceUpdates.IsTrouble)]);
        try
        {
            await using var source = await X509Source.StartAsync(options, logging, ending.Token);
            await foreach (var context in source.WatchAsync(ending.Token))
            {
                var isGood = await target.UpdateAsync(context, ending.Token);
                if (!watch) return isGood ? ExitCode.Done : ExitCode.Failed;
            }

            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            return ExitCode.Done;
        }
    }

    /// <summary>The destination of the files, and the command to run afterwards.</summary>
    private sealed record Target(string Directory, FileLayout Layout, string[]? Command, bool Json)
    {
        private readonly Terminal _terminal = new();

        /// <summary>Writes the files and runs the command; returns whether the command succeeded.</summary>
        public async Task<bool> UpdateAsync(X509Context? context, CancellationToken cancellationToken)
        {
            // Without an identity the files are kept: they are valid until they expire, and other programs cannot use a partial identity.
            var files = context is null ? [] : PemFiles.Write(context, Directory, Layout);
            Tell(context?.DefaultSvid, files);
            return context is null || Command is null || await ChangeCommand.RunAsync(Command, cancellationToken);
        }

        private void Tell(X509Svid? svid, string[] files)
        {
            if (Json) Output.Json.WriteLine(new() { ["spiffeId"] = svid?.Id.ToString(), ["notAfter"] = svid?.NotAfter.ToUniversalTime(), ["files"] = new JsonArray([.. files.Select(static file => JsonValue.Create(file))]) });
            else if (svid is null) _terminal.Event(TimeProvider.System.GetLocalNow(), "no identity: the Workload API has withdrawn it; the files are kept");
            else _terminal.Event(TimeProvider.System.GetLocalNow(), $"{svid.Id}, until {Times.Describe(svid.NotAfter)}: wrote {string.Join(", ", files)}");
        }
    }
}
