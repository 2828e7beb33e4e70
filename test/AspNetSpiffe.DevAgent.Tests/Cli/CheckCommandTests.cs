using System.Text.Json;

namespace AspNetSpiffe.AgentTests;

/// <summary>aspnet-spiffe check: the mistakes of settings are those that an application would name at its start.</summary>
public sealed class CheckCommandTests : AgentTest
{
    private const string Good = """{"Spiffe":{"EndpointSocket":"unix:///run/agent.sock","AllowedPeers":["spiffe://example.org/**"],"DrainTimeout":"00:00:05"}}""";

    [Fact]
    public async Task Good_settings_are_exit_code_0_and_ask_no_agent()
    {
        var (exitCode, mistakes, notChecked) = await CheckAsync(Write("a.json", Good));
        Assert.Equal(0, exitCode);
        Assert.Empty(mistakes);
        Assert.Empty(notChecked);
    }

    [Fact]
    public async Task Every_mistake_is_told_at_once_with_its_key_the_nearest_name_and_the_position()
    {
        var file = Write("a.json", """{"Spiffe":{"EndpointSockt":"unix:///x","AllowedPeers":["spiffe://example.org/a**"],"StartupTimeout":"30","Files":{"Layuot":"CertManager"}}}""");
        var (exitCode, mistakes, _) = await CheckAsync(file);
        Assert.Equal(1, exitCode);
        Assert.Equal(4, mistakes.Length);
        Assert.Contains(mistakes, mistake => mistake.StartsWith("Spiffe:EndpointSockt: ", StringComparison.Ordinal) && mistake.Contains("'Spiffe:EndpointSocket'?", StringComparison.Ordinal));
        Assert.Contains(mistakes, mistake => mistake.StartsWith("Spiffe:AllowedPeers:0: ", StringComparison.Ordinal) && mistake.Contains("position 22", StringComparison.Ordinal));
        Assert.Contains(mistakes, mistake => mistake.StartsWith("Spiffe:StartupTimeout: ", StringComparison.Ordinal));
        Assert.Contains(mistakes, mistake => mistake.StartsWith("Spiffe:Files:Layuot: ", StringComparison.Ordinal) && mistake.Contains("Layout", StringComparison.Ordinal));
    }

    [Fact]
    public async Task For_people_each_mistake_is_a_line()
    {
        var (exitCode, output, errors) = await Tool.RunAsync(null, Patience, "check", Write("a.json", """{"Spiffe":{"Hnt":"x"}}"""));
        Assert.Equal((1, ""), (exitCode, errors));
        Assert.StartsWith("Spiffe:Hnt: unknown key. Did you mean 'Spiffe:Hint'?", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_later_file_wins()
    {
        string[] files = [Write("a.json", """{"Spiffe":{"StartupTimeout":"never"}}"""), Write("b.json", """{"Spiffe":{"StartupTimeout":"00:01:00"}}""")];
        Assert.Equal(0, (await CheckAsync(files)).ExitCode);
        Assert.Equal(1, (await CheckAsync(files.Reverse().ToArray())).ExitCode);
    }

    [Fact]
    public async Task What_only_a_server_reads_is_a_mistake_of_a_worker()
    {
        var file = Write("a.json", Good);
        var (exitCode, mistakes, _) = await CheckAsync(file, "--worker");
        Assert.Equal(1, exitCode);
        Assert.All(mistakes, mistake => Assert.Contains("this key is used by servers only, and this host has no server", mistake, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Endpoints_and_clients_are_checked_too()
    {
        var file = Write("a.json", """{"Kestrel":{"Endpoints":{"web":{"Url":"https://localhost:0"}}},"Spiffe":{"EndpointSocket":"unix:///x","Endpoints":{"wbe":{"Mode":"Mutual"}},"Clients":{"orders":{"Mode":"Mutual"}}}}""");
        var (exitCode, mistakes, notChecked) = await CheckAsync(file);
        Assert.Equal(1, exitCode);
        Assert.Contains(mistakes, mistake => mistake.StartsWith("Spiffe:Endpoints:wbe", StringComparison.Ordinal));
        Assert.Contains(mistakes, mistake => mistake.StartsWith("Spiffe:Clients:orders:Server: is missing", StringComparison.Ordinal));
        Assert.Contains("AddHttpClient(\"orders\").AddSpiffeFromConfiguration()", Assert.Single(notChecked), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_environment_counts_only_when_it_is_asked_for()
    {
        var file = Write("a.json", "{}");
        var (exitCode, _, notChecked) = await CheckAsync([file], "nonsense");
        Assert.Equal(0, exitCode);
        Assert.Contains(notChecked, remark => remark.Contains("SPIFFE_ENDPOINT_SOCKET", StringComparison.Ordinal));

        (exitCode, var mistakes, _) = await CheckAsync([file, "--environment"], "nonsense");
        Assert.Equal(1, exitCode);
        Assert.Contains("'nonsense' is not an address", Assert.Single(mistakes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "Failed to load configuration from file", "bad.json")]
    [InlineData(1, "none.json' does not exist", "none.json")]
    [InlineData(2, "Required argument missing")]
    public async Task A_file_that_cannot_be_read_is_one_clear_line(int expected, string text, params string[] files)
    {
        Write("bad.json", "{");
        var (exitCode, output, errors) = await Tool.RunAsync(null, Patience, ["check", .. files.Select(file => Path.Combine(Folder, file))]);
        Assert.Equal((expected, ""), (exitCode, output));
        Assert.Contains(text, Assert.Single(errors.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private Task<(int ExitCode, string[] Mistakes, string[] NotChecked)> CheckAsync(params string[] files) => CheckAsync(files, null);

    private async Task<(int ExitCode, string[] Mistakes, string[] NotChecked)> CheckAsync(string[] arguments, string? endpointSocket)
    {
        var (exitCode, output, errors) = await Tool.RunAsync(endpointSocket, Patience, ["check", "--json", .. arguments]);
        Assert.Equal("", errors);
        using var json = JsonDocument.Parse(output);
        return (exitCode, ListOf("mistakes"), ListOf("notChecked"));

        string[] ListOf(string name) => [.. json.RootElement.GetProperty(name).EnumerateArray().Select(one => one.GetString()!)];
    }
}
