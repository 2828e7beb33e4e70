using System.Net;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

public sealed class WorkloadApiAddressTests
{
    [Theory]
    [Trait("Spec", "EP-03"), Trait("Spec", "EP-04"), Trait("Spec", "EP-07")]
    [InlineData("unix:///run/x.sock", "/run/x.sock")]
    [InlineData("unix:/run/x.sock", "/run/x.sock")]
    [InlineData("UNIX:///run/x.sock", "/run/x.sock")]
    [InlineData("unix:///run/my%20agent.sock", "/run/my agent.sock")]
    [InlineData("unix:///run/gr%C3%BC%c3%9fe.sock", "/run/grüße.sock")]
    [InlineData("unix:///run/100%25.sock", "/run/100%.sock")]
    [InlineData("unix:///run/a%3Fb%23c.sock", "/run/a?b#c.sock")]
    public void A_socket_path_is_read(string text, string path)
    {
        var address = WorkloadApiAddress.Parse(text);
        Assert.Equal(path, address.EndPoint.ToString());
        Assert.Equal(text, address.ToString());
        Assert.True(address.IsLocal);
    }

    [Theory, Trait("Spec", "EP-06")]
    [InlineData("tcp://127.0.0.1:8000", "127.0.0.1", 8000)]
    [InlineData("tcp://[::1]:8000", "::1", 8000)]
    [InlineData("TCP://127.0.0.1:1", "127.0.0.1", 1)]
    [InlineData("tcp://10.1.2.3:65535", "10.1.2.3", 65535)]
    public void An_IP_address_with_a_port_is_read(string text, string ip, int port) =>
        Assert.Equal(new IPEndPoint(IPAddress.Parse(ip), port), WorkloadApiAddress.Parse(text).EndPoint);

    [Theory, Trait("Spec", "EP-08")]
    [InlineData("npipe:spire-agent\\public\\api", "spire-agent\\public\\api")]
    [InlineData("NPIPE:agent", "agent")]
    public void The_name_of_a_pipe_is_read(string text, string name)
    {
        var address = WorkloadApiAddress.Parse(text);
        Assert.Equal(name, address.EndPoint.ToString());
        Assert.Equal(text, address.ToString());
        Assert.True(address.IsLocal);
        Assert.Equal(address, WorkloadApiAddress.Parse($"npipe:{name.ToUpperInvariant()}"));
        Assert.NotEqual(address, WorkloadApiAddress.Parse("npipe:another"));
    }

    [Theory, Trait("Spec", "EP-08")]
    [InlineData("npipe:", "names no pipe; write the name of the pipe")]
    [InlineData("npipe:\\\\.\\pipe\\agent", "begins with '\\'")]
    [InlineData("npipe:/run/agent", "has a '/'")]
    [InlineData("npipe://host/agent", "has a '/'")]
    [InlineData("npipe:a?b", "a '?' at position 7")]
    [InlineData("npipe:a b", "position 7 is not allowed")]
    public void Another_form_of_npipe_is_refused(string text, string advice) => AssertRefused(text, advice);

    [Fact]
    public void The_name_of_a_pipe_has_a_limit() => AssertRefused($"npipe:{new string('a', 257)}", "has 257 characters; the limit is 256");

    [Theory, Trait("Spec", "EP-02")]
    [InlineData("/run/x.sock", "write 'unix:///run/x.sock'")]
    [InlineData("run/x.sock", "must begin with 'unix:', 'tcp:' or 'npipe:'")]
    [InlineData("http://127.0.0.1:80", "must begin with 'unix:', 'tcp:' or 'npipe:'")]
    [InlineData("unix", "must begin with 'unix:', 'tcp:' or 'npipe:'")]
    [InlineData("", "must begin with 'unix:', 'tcp:' or 'npipe:'")]
    [InlineData("npipe", "must begin with 'unix:', 'tcp:' or 'npipe:'")]
    public void Another_scheme_is_refused(string text, string advice) => AssertRefused(text, advice);

    [Theory]
    [Trait("Spec", "EP-03"), Trait("Spec", "EP-05"), Trait("Spec", "EP-10")]
    [InlineData("unix:", "names no socket; write 'unix:///path/to/agent.sock'")]
    [InlineData("unix:/", "names no socket")]
    [InlineData("unix://", "names no socket")]
    [InlineData("unix:///", "names no socket")]
    [InlineData("unix://run/x.sock", "'run' is in the place of a host name; write three slashes, as in 'unix:///run/x.sock'")]
    [InlineData("unix://user@host/x.sock", "'user@host' is in the place of a host name")]
    [InlineData("unix:run/x.sock", "relative; write the whole path, as in 'unix:///run/x.sock'")]
    [InlineData("unix:///run/x.sock?q", "a '?' at position 18")]
    [InlineData("unix:///run/x.sock#f", "a '#' at position 18")]
    [InlineData("unix:@abstract", "relative")]
    [InlineData("unix:///%00abstract", "NUL character")]
    [InlineData("unix:///run/x%2", "two hexadecimal digits")]
    [InlineData("unix:///run/x%zz", "two hexadecimal digits")]
    [InlineData("unix:///run/x%FF", "valid UTF-8")]
    [InlineData("unix:///run/my agent.sock", "position 14 is not allowed; write it as %XX")]
    [InlineData("unix:///run/grüße.sock", "position 14 is not allowed")]
    [InlineData("unix:///run/x.sock\n", "position 18 is not allowed")]
    public void Another_form_of_unix_is_refused(string text, string advice) => AssertRefused(text, advice);

    [Theory, Trait("Spec", "EP-06")]
    [InlineData("tcp:127.0.0.1:8000", "'//' is missing")]
    [InlineData("tcp://localhost:8000", "'localhost' is not an IP address; write an IP address and a port, as in 'tcp://127.0.0.1:8081'")]
    [InlineData("tcp://127.0.0.1", "no port")]
    [InlineData("tcp://[::1]", "no port")]
    [InlineData("tcp://", "no port")]
    [InlineData("tcp://:80", "'' is not an IP address")]
    [InlineData("tcp://127.0.0.1:", "'' is not a port")]
    [InlineData("tcp://127.0.0.1:0", "'0' is not a port")]
    [InlineData("tcp://127.0.0.1:65536", "'65536' is not a port")]
    [InlineData("tcp://127.0.0.1:+80", "'+80' is not a port")]
    [InlineData("tcp://127.0.0.1:8000/", "has a path")]
    [InlineData("tcp://127.0.0.1:8000/x", "has a path")]
    [InlineData("tcp://127.0.0.1:8000?q", "a '?'")]
    [InlineData("tcp://127.0.0.1:8000#f", "a '#'")]
    [InlineData("tcp://user@127.0.0.1:8000", "has a user")]
    [InlineData("tcp://::1:8000", "'::1' is not an IP address")]
    [InlineData("tcp://[127.0.0.1]:8000", "'[127.0.0.1]' is not an IP address")]
    [InlineData("tcp://[[::1]]:8000", "'[[::1]]' is not an IP address")]
    [InlineData("tcp://[[::1]:1]:8000", "is not an IP address")]
    [InlineData("tcp://[::1%lo]:8000", "is not an IP address")]
    [InlineData("tcp://[::1%1]:8000", "is not an IP address")]
    [InlineData("tcp://1:8000", "'1' is not an IP address")]
    [InlineData("tcp://127.1:8000", "'127.1' is not an IP address")]
    [InlineData("tcp://0x7f.0.0.1:8000", "is not an IP address")]
    [InlineData("tcp://127.0.0.01:8000", "is not an IP address")]
    public void Another_form_of_tcp_is_refused(string text, string advice) => AssertRefused(text, advice);

    [Fact, Trait("Spec", "EP-05")]
    public void A_path_that_does_not_fit_into_a_socket_address_is_refused()
    {
        Assert.NotNull(WorkloadApiAddress.Parse("unix:///" + new string('a', 106)));
        AssertRefused("unix:///" + new string('a', 107), "108 bytes; a Unix socket's path has at most 107");
        AssertRefused("unix:///" + string.Concat(Enumerable.Repeat("%C3%BC", 54)), "109 bytes");
    }

    [Theory, Trait("Spec", "EP-09")]
    [InlineData("unix:///run/x.sock", true)]
    [InlineData("tcp://127.0.0.1:80", true)]
    [InlineData("tcp://127.9.9.9:80", true)]
    [InlineData("tcp://[::1]:80", true)]
    [InlineData("tcp://10.0.0.1:80", false)]
    [InlineData("tcp://0.0.0.0:80", false)]
    [InlineData("tcp://[2001:db8::1]:80", false)]
    public void Local_is_a_socket_or_the_loopback_interface(string text, bool local) => Assert.Equal(local, WorkloadApiAddress.Parse(text).IsLocal);

    [Fact]
    public void Two_spellings_of_one_socket_are_equal()
    {
        var address = WorkloadApiAddress.Parse("unix:///run/x.sock");
        var same = WorkloadApiAddress.Parse("unix:/run/%78.sock");
        Assert.Equal(address, same);
        Assert.Equal(address.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(address, WorkloadApiAddress.Parse("unix:///run/y.sock"));
    }

    [Fact, Trait("Spec", "EP-01")]
    public void What_is_configured_wins_over_the_environment_and_without_both_the_error_names_both()
    {
        var before = Environment.GetEnvironmentVariable(WorkloadApiAddress.EnvironmentVariable);
        try
        {
            Environment.SetEnvironmentVariable(WorkloadApiAddress.EnvironmentVariable, "unix:///run/environment.sock");
            Assert.Equal("unix:///run/environment.sock", WorkloadApiAddress.Resolve(null).ToString());
            Assert.Equal("unix:///run/environment.sock", WorkloadApiAddress.Resolve("").ToString());
            Assert.Equal("unix:///run/configured.sock", WorkloadApiAddress.Resolve("unix:///run/configured.sock").ToString());
            Assert.Equal("unix:///run/environment.sock", WorkloadApiAddress.FromEnvironment().ToString());

            Environment.SetEnvironmentVariable(WorkloadApiAddress.EnvironmentVariable, "/run/x.sock");
            Assert.StartsWith("The environment variable SPIFFE_ENDPOINT_SOCKET: '/run/x.sock'", Assert.Throws<FormatException>(() => WorkloadApiAddress.Resolve(null)).Message, StringComparison.Ordinal);

            Environment.SetEnvironmentVariable(WorkloadApiAddress.EnvironmentVariable, null);
            var message = Assert.Throws<FormatException>(() => WorkloadApiAddress.Resolve(null)).Message;
            Assert.Contains("'Spiffe:EndpointSocket'", message, StringComparison.Ordinal);
            Assert.Contains("SPIFFE_ENDPOINT_SOCKET", message, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable(WorkloadApiAddress.EnvironmentVariable, before);
        }
    }

    private static void AssertRefused(string text, string advice)
    {
        Assert.False(WorkloadApiAddress.TryParse(text, out _));
        var message = Assert.Throws<FormatException>(() => WorkloadApiAddress.Parse(text)).Message;
        Assert.Contains(advice, message, StringComparison.Ordinal);
        Assert.Contains(SpiffeIdProblem.Quote(text), message, StringComparison.Ordinal);
    }
}
