namespace AspNetSpiffe.Cli.Registration;

/// <summary>The issued identities, or the reason why there are none.</summary>
internal sealed record Issued(IReadOnlyList<SpiffeId> Ids, string? Problem);

/// <summary>The registration entry that would match this process.</summary>
/// <param name="Selectors">All known selectors of the process.</param>
/// <param name="Remarks">What is unknown or must be filled in.</param>
/// <param name="Command">The command for the SPIRE server.</param>
internal sealed record Entry(IReadOnlyList<Selector> Selectors, IReadOnlyList<string> Remarks, string Command)
{
    private const string UnknownTrustDomain = "spiffe://TRUST_DOMAIN";
    private const string UnknownParent = "PARENT_ID";

    public static Entry Of(IReadOnlyList<Selector> process, IReadOnlyList<Selector> program, ServiceAccount? account, SpiffeId? wanted, SpiffeId? parent, Issued issued)
    {
        var selectors = account is null ? process.Concat(program).ToArray() : [.. OfPod(account), .. process.Select(static selector => selector with { Counts = false })];
        var trustDomain = (parent ?? (issued.Ids is [var first, ..] ? first : null))?.TrustDomain.Id.ToString() ?? UnknownTrustDomain;
        var id = wanted?.ToString() ?? $"{trustDomain}{PathOf(account, process)}";
        var chosen = string.Concat(selectors.Where(static selector => selector.Counts).Select(static selector => $" -selector {selector.Text}"));
        return new(
            selectors,
            [.. Remark(program, account, parent, id)],
            $"spire-server entry create -parentID {parent?.ToString() ?? UnknownParent} -spiffeID {id}{chosen}");
    }

    private static IEnumerable<Selector> OfPod(ServiceAccount account)
    {
        yield return new($"k8s:ns:{account.Namespace}", Counts: true);
        if (account.Name is { } name) yield return new($"k8s:sa:{name}", Counts: true);
    }

    private static string PathOf(ServiceAccount? account, IEnumerable<Selector> process) => account is null
        ? $"/{process.Select(static selector => selector.Text).FirstOrDefault(static text => text.StartsWith("unix:user:", StringComparison.Ordinal))?["unix:user:".Length..] ?? "WORKLOAD"}"
        : $"/ns/{account.Namespace}/sa/{account.Name ?? "SERVICE_ACCOUNT"}";

    private static IEnumerable<string> Remark(IReadOnlyList<Selector> program, ServiceAccount? account, SpiffeId? parent, string id)
    {
        if (parent is null) yield return $"{UnknownParent} is the SPIFFE ID of the agent: 'spire-server agent list' shows it; or set --parent-id.";
        if (id.StartsWith(UnknownTrustDomain, StringComparison.Ordinal)) yield return "TRUST_DOMAIN is that of the server: set --spiffe-id.";
        if (account is not null) yield return "The labels, the image and the node of the Pod (k8s:pod-label, k8s:container-image, k8s:node-name) are not visible from inside it. With SPIRE's controller manager, use a ClusterSPIFFEID instead.";
        else if (program.Count == 0) yield return "Every program of this user matches. To distinguish programs, set --program FILE; for 'dotnet app.dll' it is the host 'dotnet', for a self-contained app its own file.";
        else yield return "unix:path and unix:sha256 require 'discover_workload_path = true' in the agent's attestor 'unix'; add them with -selector if needed.";
    }
}
