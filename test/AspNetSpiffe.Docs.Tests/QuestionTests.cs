using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.DocsTests;

/// <summary>What new users have asked, and the page that answers it. A page that goes, or a heading that is renamed, fails here.</summary>
public sealed partial class QuestionTests
{
    public static TheoryData<string, string[]> Questions => new()
    {
        { "How do I install packages and tool?", ["README.md#install-and-run"] },
        { "Which option belongs to which method?", ["docs/reference/options.md#which-method-reads-what"] },
        { "Which source of a setting takes precedence?", ["docs/reference/options.md#precedence"] },
        { "Kubernetes: manifests, CSI driver, probes, network policy?", ["docs/deploy/kubernetes-spire.md#3-deploy", "docs/operations.md#probes"] },
        { "Docker: the socket, images?", ["docs/deploy/docker.md#run-them", "docs/deploy/docker.md#without-docker"] },
        { "systemd?", ["docs/deploy/systemd.md#4-the-unit"] },
        { "Several services on one machine, two trust domains?", ["docs/deploy/development.md", "docs/how-to/trust-domains.md#two-trust-domains-on-one-machine"] },
        { "How do I test my service: any caller, handlers, expiry, rejection?", ["docs/how-to/testing.md#call-as-any-workload", "docs/how-to/testing.md#test-a-handler-alone", "docs/how-to/testing.md#test-rotation-expiry-and-rejection"] },
        { "YARP, nginx, Envoy in front or behind?", ["docs/how-to/proxies.md", "docs/forwarded-certificates.md#envoy", "docs/forwarded-certificates.md#nginx", "docs/how-to/yarp.md"] },
        { "An identity in X-Forwarded-Client-Cert?", ["docs/how-to/proxies.md#x-forwarded-client-cert-envoy-istio"] },
        { "A client certificate for each cluster?", ["docs/how-to/yarp.md#one-expected-server-for-each-cluster"] },
        { "SignalR, client and server?", ["docs/how-to/signalr.md#client", "docs/how-to/signalr.md#server"] },
        { "OpenAPI?", ["docs/how-to/openapi.md"] },
        { "gRPC, with load balancing?", ["docs/tutorials/grpc.md", "docs/how-to/call-services.md#grpc"] },
        { "WebSockets with ClientWebSocket?", ["docs/how-to/call-services.md#websockets"] },
        { "Databases and brokers over mutual TLS?", ["docs/how-to/databases.md"] },
        { "Migrating from API keys, AddCertificate, a service mesh?", ["docs/how-to/migrate.md#from-api-keys", "docs/how-to/migrate.md#from-addcertificate", "docs/how-to/migrate.md#from-a-service-mesh"] },
        { "A handshake fails: which side, in which order?", ["docs/how-to/troubleshoot-handshake.md#1-look-at-the-client", "docs/how-to/troubleshoot-handshake.md#who-does-what-in-which-order"] },
        { "What does each reason mean, and what do I do?", ["docs/rejections.md#peers", "docs/rejections.md#tokens", "docs/reference/rejection-reasons.md"] },
        { "Which alerts, which dashboards, what is normal?", ["docs/how-to/monitor.md#alerts", "docs/how-to/monitor.md#what-to-put-on-a-dashboard", "docs/how-to/monitor.md#what-is-normal"] },
        { "What is supported, for how long?", ["docs/versioning.md#net", "docs/versioning.md#support"] },
        { "How do I report a vulnerability?", ["SECURITY.md#report-a-vulnerability"] },
        { "Which changes break me?", ["docs/versioning.md#the-number"] },
        { "Certificates from files: cert-manager, spiffe-helper, Pod Certificates?", ["docs/files.md", "docs/deploy/kubernetes-cert-manager.md"] },
        { "Federation without an agent's help?", ["docs/federation.md#fetch-the-bundle-of-another-trust-domain"] },
        { "Clients of our own trust domain and of others?", ["docs/how-to/trust-domains.md#callers-of-our-own-trust-domain-and-of-others"] },
        { "Aliases of a trust domain?", ["docs/how-to/trust-domains.md#aliases-of-a-trust-domain"] },
        { "One path in several trust domains?", ["docs/how-to/trust-domains.md#one-path-in-several-trust-domains"] },
    };

    [Theory, MemberData(nameof(Questions))]
    public void A_question_has_its_page(string question, string[] answers) => Assert.All(answers, answer => Assert.True(Exists(answer), $"{question} {answer} is not there."));

    [Fact]
    public void Every_page_is_in_a_table_of_contents()
    {
        var docs = Repository.PathOf("docs");
        var listed = Directory.EnumerateFiles(docs, "toc.yml", SearchOption.AllDirectories)
            .SelectMany(toc => Reference().Matches(File.ReadAllText(toc)).Select(page => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(toc)!, page.Groups[1].Value)))).ToHashSet();
        Assert.All(listed, page => Assert.True(File.Exists(page), page));
        Assert.Equal([Path.Combine(docs, "index.md")], Directory.EnumerateFiles(docs, "*.md", SearchOption.AllDirectories).Where(page => !listed.Contains(page)));
    }

    // Headings as GitHub and docfx make them.
    private static bool Exists(string answer)
    {
        var (page, heading) = answer.Split('#') switch { [var file, var anchor] => (file, anchor), _ => (answer, "") };
        if (!File.Exists(Repository.PathOf(page))) return false;
        var text = File.ReadAllText(Repository.PathOf(page));
        return heading.Length == 0 || text.Contains($"id=\"{heading}\"", StringComparison.Ordinal)
            || Heading().Matches(text).Any(found => Punctuation().Replace(found.Groups[1].Value, "").ToLowerInvariant().Replace(' ', '-') == heading);
    }

    [GeneratedRegex(@"(?m)^ *href: (\S+\.md)$")]
    private static partial Regex Reference();

    [GeneratedRegex("(?m)^#+ (.+)$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex Punctuation();
}
