using System.Diagnostics;
using System.Runtime.CompilerServices;
using Grpc.Core;

namespace AspNetSpiffe.Cli.Doctor;

/// <summary>Runs the checks of everything that an identity needs, with the same calls to the agent that a workload makes.</summary>
internal sealed class Examination(string? socketOption, TimeSpan patience)
{
    private static readonly string[] AfterTheAddress = ["socket", "agent", "identity", "bundles", "tokens", "clock"];

    public async IAsyncEnumerable<Finding> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var finding = ReadAddress(out var address);
        yield return finding;
        if (address is null)
        {
            foreach (var skipped in Skip(AfterTheAddress)) yield return skipped;
            yield break;
        }

        using var client = new WorkloadApiClient(address);
        var x509 = await AskAsync(client.FetchX509ContextAsync, cancellationToken);
        yield return SocketCheck.Look(address, x509.Failure);
        if (SocketCheck.IsOfSocket(x509.Failure))
        {
            foreach (var skipped in Skip(AfterTheAddress[1..])) yield return skipped;
            yield break;
        }

        yield return OfAgent(x509);
        if (x509.Failure is TimeoutException)
        {
            foreach (var skipped in Skip(AfterTheAddress[2..])) yield return skipped;
            yield break;
        }

        foreach (var one in x509.Value is { } context ? IdentityCheck.Look(context, TimeProvider.System.GetUtcNow()) : Skip("identity")) yield return one;

        var bundles = x509.Value is { } issued ? new(issued.Bundles, null, x509.Took) : await AskAsync(client.FetchX509BundlesAsync, cancellationToken);
        var keys = await AskAsync(client.FetchJwtBundlesAsync, cancellationToken);
        foreach (var one in BundleCheck.Look(bundles, keys, x509.Value?.TrustDomain, TimeProvider.System.GetUtcNow())) yield return one;

        // A unique audience, so that the token is not a cached one: its issue time is the time of the agent's clock.
        string[] audience = [$"aspnet-spiffe-doctor-{Guid.NewGuid():N}"];
        var tokens = await AskAsync(stopping => client.FetchJwtSvidsAsync(audience, null, stopping), cancellationToken);
        yield return TokenCheck.Look(tokens, keys.Value, audience, TimeProvider.System.GetUtcNow());
        yield return ClockCheck.Look(tokens, x509.Value, TimeProvider.System.GetUtcNow());
    }

    private Finding ReadAddress(out WorkloadApiAddress? address)
    {
        address = null;
        var origin = socketOption is null ? $"the environment variable {WorkloadApiAddress.EnvironmentVariable}" : "--socket";
        try
        {
            address = SocketOption.Read(socketOption);
            return address.IsLocal
                ? new("address", Verdict.Ok, $"{address}, from {origin}")
                : new("address", Verdict.Warning, $"{address}, from {origin}, is on another host", "The agent attests workloads through the kernel of its own host: use a socket of this host (Workload Endpoint §3).");
        }
        catch (UsageException e)
        {
            return new("address", Verdict.Failed, e.Message, "SPIRE's default is 'unix:///tmp/spire-agent/public/api.sock', that of its CSI driver depends on the mount. An application may also set it in 'Spiffe:EndpointSocket'.");
        }
    }

    private static Finding OfAgent(Answer<X509Context> answer) => answer switch
    {
        { Value: { Remarks: [] } context } => new("agent", Verdict.Ok, $"responded in {answer.Took.TotalMilliseconds:0} ms with {Count(context.Svids.Length, "SVID")} and {Count(context.Bundles.Count, "bundle")}"),
        { Value: { } context } => new("agent", Verdict.Warning, string.Join(' ', context.Remarks), "The operator of the agent must correct what was ignored."),
        { Failure: WorkloadApiException { Failure: WorkloadApiFailure.Status, StatusCode: StatusCode.PermissionDenied } denied } =>
            new("agent", Verdict.Failed, denied.Message, "'aspnet-spiffe id' prints the command that registers this process."),
        { Failure: TimeoutException late } => new("agent", Verdict.Failed, late.Message, "Does another program listen at that address? Check the agent's log."),
        _ => new("agent", Verdict.Failed, answer.Failure!.Message, "Check the agent's log."),
    };

    private async Task<Answer<T>> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ending.CancelAfter(patience);
        var began = Stopwatch.GetTimestamp();
        try
        {
            return new(await ask(ending.Token), null, Stopwatch.GetElapsedTime(began));
        }
        catch (Exception e) when (e is WorkloadApiException or FormatException or InvalidOperationException)
        {
            return new(default, e, Stopwatch.GetElapsedTime(began));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(default, new TimeoutException($"There was no response within {Duration.Describe(patience)}."), Stopwatch.GetElapsedTime(began));
        }
    }

    private static IEnumerable<Finding> Skip(params IEnumerable<string> checks) => checks.Select(static check => new Finding(check, Verdict.Skipped, "skipped, because a check above failed"));

    internal static string Count(int number, string thing, string? things = null) => $"{number} {(number == 1 ? thing : things ?? thing + "s")}";
}

/// <summary>The result of one call to the agent, or its error.</summary>
internal readonly record struct Answer<T>(T? Value, Exception? Failure, TimeSpan Took);
