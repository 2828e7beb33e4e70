using System.Collections.Immutable;
using System.CommandLine;
using AspNetSpiffe.Cli.Output;
using Grpc.Core;

namespace AspNetSpiffe.Cli.Commands;

/// <summary>aspnet-spiffe fetch: calls a Workload API once and shows the response.</summary>
internal static class FetchCommand
{
    // An agent responds at once; one that does not is broken.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Command Create() => new("fetch", "Fetches from a Workload API once.") { CreateX509(), CreateJwt(), CreateBundles() };

    private static Command CreateX509()
    {
        var (socket, json) = (SocketOption.Create(), JsonOption.Create());
        var write = new Option<string?>("--write") { Description = "Write svid.pem, key.pem and bundle.pem of the default identity into this directory.", HelpName = "DIR" };
        var command = new Command("x509", "Fetches X509-SVIDs and the bundles to verify peers with.") { socket, json, write };
        command.SetAction((parsed, cancellationToken) => AskAsync(parsed.GetValue(socket), async (client, patience) =>
        {
            var context = await client.FetchX509ContextAsync(patience);
            var written = parsed.GetValue(write) is { } directory ? PemFiles.Write(context, directory, FileLayout.Plain) : [];
            if (parsed.GetValue(json))
            {
                Json.Write(Json.Of(context));
                return;
            }

            var terminal = new Terminal();
            terminal.Show(context);
            foreach (var file in written) terminal.Field("written", file);
        }, cancellationToken));
        return command;
    }

    private static Command CreateJwt()
    {
        var (socket, json) = (SocketOption.Create(), JsonOption.Create());
        var audience = new Option<string[]>("--audience") { Description = "The audience of the token. May be repeated.", Required = true, HelpName = "NAME" };
        var spiffeId = new Option<string?>("--spiffe-id") { Description = "The identity to get a token for. Default: all.", HelpName = "ID" };
        var command = new Command("jwt", "Fetches JWT-SVIDs.") { socket, json, audience, spiffeId };
        command.SetAction((parsed, cancellationToken) => AskAsync(parsed.GetValue(socket), async (client, patience) =>
        {
            var id = parsed.GetValue(spiffeId) is { } text ? UsageException.Parse(text, SpiffeId.Parse) : null;
            var svids = await FetchJwtAsync(client, parsed.GetRequiredValue(audience), id, patience);
            foreach (var svid in svids) RequireUnexpired(svid);
            if (parsed.GetValue(json)) Json.Write(Json.Of(svids));
            else new Terminal().Show(svids);
        }, cancellationToken));
        return command;
    }

    private static Command CreateBundles()
    {
        var (socket, json) = (SocketOption.Create(), JsonOption.Create());
        var command = new Command("bundles", "Fetches the X.509 and the JWT bundles of all trust domains.") { socket, json };
        command.SetAction((parsed, cancellationToken) => AskAsync(parsed.GetValue(socket), async (client, patience) =>
        {
            var x509 = await client.FetchX509BundlesAsync(patience);
            var jwt = await client.FetchJwtBundlesAsync(patience);
            if (parsed.GetValue(json)) Json.Write(Json.Of(x509, jwt));
            else new Terminal().Show(x509, jwt);
        }, cancellationToken));
        return command;
    }

    private static async Task<ImmutableArray<JwtSvid>> FetchJwtAsync(WorkloadApiClient client, string[] audiences, SpiffeId? id, CancellationToken cancellationToken)
    {
        try
        {
            return await client.FetchJwtSvidsAsync(audiences, id, cancellationToken);
        }
        catch (WorkloadApiException denied) when (id is not null && denied.StatusCode == StatusCode.PermissionDenied)
        {
            // The agent returns "no identity" also to a workload with other identities.
            if (await FindIdsAsync(client, cancellationToken) is not { Length: > 0 } ids) throw;
            throw new InvalidOperationException($"The Workload API issues no JWT-SVID of '{id}' to this workload. It issues {string.Join(", ", ids.Select(static i => $"'{i}'"))}.", denied);
        }
    }

    private static async Task<SpiffeId[]> FindIdsAsync(WorkloadApiClient client, CancellationToken cancellationToken)
    {
        try
        {
            return [.. (await client.FetchX509ContextAsync(cancellationToken)).Svids.Select(static s => s.Id)];
        }
        catch (Exception e) when (e is WorkloadApiException or FormatException)
        {
            return [];
        }
    }

    // As a source does: peers reject an expired SVID, so report it here.
    private static void RequireUnexpired(JwtSvid svid)
    {
        var now = TimeProvider.System.GetUtcNow();
        if (svid.ExpiresAt <= now)
            throw new FormatException($"The Workload API returned a JWT-SVID of '{svid.Id}' that expired at {svid.ExpiresAt:u}, and it is {now:u}: compare the clocks of the agent and of this machine.");
    }

    /// <summary>Calls the configured Workload API, with a timeout.</summary>
    /// <exception cref="TimeoutException">It does not respond.</exception>
    public static async Task<T> AskAsync<T>(string? socket, Func<WorkloadApiClient, CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        var address = SocketOption.Read(socket);
        using var client = new WorkloadApiClient(address);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            return await Progress.ShowAsync($"waiting for the Workload API at {address}", ask(client, patience.Token));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The Workload API at '{address}' did not respond within {Patience.TotalSeconds:0} s. Does another program listen at that address?");
        }
    }

    private static Task<int> AskAsync(string? socket, Func<WorkloadApiClient, CancellationToken, Task> ask, CancellationToken cancellationToken) => AskAsync(
        socket,
        async (client, patience) =>
        {
            await ask(client, patience);
            return ExitCode.Done;
        },
        cancellationToken);
}
