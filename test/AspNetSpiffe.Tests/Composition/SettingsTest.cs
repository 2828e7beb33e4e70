using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Tests.Composition;

/// <summary>Services with settings from many sources, good and bad.</summary>
public abstract class SettingsTest(ITestOutputHelper output) : MeshTest(output)
{
    private static int _prefixes;

    /// <summary>Adds settings to a builder, by the name of their source: <c>json</c>, <c>environment</c>, <c>arguments</c> or <c>memory</c>.</summary>
    protected static void Add(IConfigurationBuilder configuration, string source, string text)
    {
        switch (source)
        {
            case "json":
                configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(text)));
                break;
            case "environment":
                // A prefix of its own: the environment belongs to all tests.
                var prefix = $"T{Environment.ProcessId}N{Interlocked.Increment(ref _prefixes)}_";
                foreach (var line in text.Split(' ')) Environment.SetEnvironmentVariable(prefix + line[..line.IndexOf('=')], line[(line.IndexOf('=') + 1)..]);
                configuration.AddEnvironmentVariables(prefix);
                break;
            case "arguments":
                configuration.AddCommandLine(text.Split(' '));
                break;
            default:
                configuration.AddInMemoryCollection(text.Split(' ').Select(line => KeyValuePair.Create(line[..line.IndexOf('=')], (string?)line[(line.IndexOf('=') + 1)..])));
                break;
        }
    }

    protected WebApplicationBuilder ServerBuilder(params (string Source, string Text)[] settings)
    {
        var builder = Builder(("urls", "https://127.0.0.1:0"));
        foreach (var (source, text) in settings) Add(builder.Configuration, source, text);
        return builder;
    }

    protected Task<WebApplication> StartServerAsync((string Source, string Text)[] settings, Action<SpiffeServerOptions>? configure = null)
    {
        var builder = ServerBuilder(settings);
        builder.WebHost.UseSpiffeMtls(configure ?? (_ => { }));
        return StartAsync(builder);
    }

    /// <summary>Holds that a start fails over its settings, with all mistakes in one error that is told once and has no stack.</summary>
    protected async Task AssertRefusedAsync(Func<Task> start, params string[] mistakes)
    {
        ExpectWarning("SettingsRefused");
        AllowWarning("HostedServiceStartupFaulted");
        var error = await Assert.ThrowsAnyAsync<OptionsValidationException>(start);

        var summary = $"The SPIFFE settings have {(mistakes.Length == 1 ? "an error" : $"{mistakes.Length} errors")}";
        Assert.Equal(string.Join(Environment.NewLine + "  ", mistakes.Prepend(summary + ":")), error.Message);
        Assert.Equal($"{summary}; see the log.", error.ToString());
        Assert.Equal(error.Message, Assert.Single(Logs.All, record => record.ToString().Contains(mistakes[0], StringComparison.Ordinal)).Message);
    }

    protected Task AssertRefusedAsync((string Source, string Text) settings, params string[] mistakes) => AssertRefusedAsync(() => StartServerAsync([settings]), mistakes);

    /// <summary>Says which of two members of the server's trust domain and one federated peer may connect.</summary>
    protected async Task<string> AdmittedAsync(WebApplication server)
    {
        var admitted = new List<string>();
        foreach (var workload in new[] { "client", "admin" })
        {
            using var client = await ClientAsync(server, workload);
            try
            {
                admitted.Add((await GetAsync(client))["spiffe://example.org/".Length..]);
            }
            catch (HttpRequestException)
            {
                // Refused.
            }
        }

        return string.Join(',', admitted);
    }
}
