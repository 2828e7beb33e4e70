using System.CommandLine;
using AspNetSpiffe;
using Microsoft.Extensions.Logging;

namespace Mesh;

/// <summary>The command line options for the origin of an identity: the authority of the mesh, or any SPIFFE Workload API, such as SPIRE's.</summary>
public sealed class IdentityArguments
{
    private readonly Option<string?> _data = new("--data") { Description = "The folder that 'mesh-authority enroll' has made for this workload" };

    private readonly Option<string> _authority = new("--authority-addr") { Description = "The authority of the mesh, with --data", DefaultValueFactory = static _ => "https://[::1]:9000" };

    private readonly Option<string?> _socket = new("--endpoint-socket")
    {
        Description = "Instead of --data: the SPIFFE Workload API that issues the X509-SVID, for example unix:///run/agent.sock [default: SPIFFE_ENDPOINT_SOCKET]",
    };

    /// <summary>Gets the option for the trust domain.</summary>
    public Option<TrustDomain> TrustDomain { get; } = Arguments.TrustDomain();

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { TrustDomain, _data, _authority, _socket }) command.Options.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_data) is not null && result.GetValue(_socket) is not null) result.AddError("--data and --endpoint-socket: give one of them, for an identity has one origin.");
        });
    }

    /// <summary>Reads the values of the options.</summary>
    public Action<SpiffeOptions> Read(ParseResult parsed, ILoggerFactory loggers) => spiffe =>
    {
        if (parsed.GetValue(_data) is not { } folder)
        {
            spiffe.EndpointSocket = parsed.GetValue(_socket) ?? spiffe.EndpointSocket;
            return;
        }

        var settings = new WorkloadSettings { TrustDomain = parsed.GetRequiredValue(TrustDomain), Authority = parsed.GetRequiredValue(_authority), Folder = new(folder) };
        spiffe.Provider = new MeshIdentity(settings, loggers).WatchAsync;
    };
}
