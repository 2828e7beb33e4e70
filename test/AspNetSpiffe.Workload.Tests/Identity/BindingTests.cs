using System.ComponentModel;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Identity;

/// <summary>ID, trust domain and pattern bind wherever ASP.NET Core binds a text.</summary>
public sealed class BindingTests
{
    private sealed record Names(SpiffeId? Id, TrustDomain? Domain, SpiffeIdPattern? Pattern)
    {
        public Dictionary<SpiffeId, int> Calls { get; init; } = [];
    }

    private sealed class Settings
    {
        public SpiffeId? Id { get; set; }

        public TrustDomain? Domain { get; set; }

        public List<SpiffeIdPattern> Patterns { get; set; } = [];
    }

    [Fact]
    public void They_are_JSON_texts_and_an_ID_is_a_key_too()
    {
        var names = new Names(SpiffeId.Parse("spiffe://td/a"), TrustDomain.Parse("td"), SpiffeIdPattern.Parse("spiffe://td/**"))
        {
            Calls = { [SpiffeId.Parse("spiffe://td/b")] = 7 },
        };

        var json = JsonSerializer.Serialize(names);
        Assert.Equal("""{"Id":"spiffe://td/a","Domain":"td","Pattern":"spiffe://td/**","Calls":{"spiffe://td/b":7}}""", json);

        var read = JsonSerializer.Deserialize<Names>(json)!;
        Assert.Equal((names.Id, names.Domain, names.Pattern), (read.Id, read.Domain, read.Pattern));
        Assert.Equal(7, read.Calls[SpiffeId.Parse("spiffe://td/b")]);
    }

    [Fact]
    public void Null_stays_null_in_JSON()
    {
        var read = JsonSerializer.Deserialize<Names>("""{"Id":null,"Domain":null,"Pattern":null}""")!;
        Assert.Equal(new Names(null, null, null).ToString(), read.ToString());
    }

    [Theory]
    [InlineData("""{"Id":"spiffe://TD/a"}""", "upper-case letter 'T' at position 9")]
    [InlineData("""{"Id":7}""", "A SpiffeId is a JSON string, not Number")]
    [InlineData("""{"Domain":"td/a"}""", "has a path at position 2")]
    [InlineData("""{"Pattern":"spiffe://td"}""", "has no path")]
    [InlineData("""{"Calls":{"spiffe://td/":1}}""", "ends with '/'")]
    public void What_is_none_is_a_JsonException_that_says_why(string json, string message) =>
        Assert.Contains(message, Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Names>(json)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(typeof(SpiffeId), "spiffe://td/a")]
    [InlineData(typeof(TrustDomain), "td")]
    [InlineData(typeof(SpiffeIdPattern), "spiffe://td/**")]
    public void They_convert_from_text_and_back(Type type, string text)
    {
        var converter = TypeDescriptor.GetConverter(type);
        Assert.True(converter.CanConvertFrom(typeof(string)));
        Assert.False(converter.CanConvertFrom(typeof(int)));

        var value = converter.ConvertFrom(null, CultureInfo.InvariantCulture, text);
        Assert.IsType(type, value);
        Assert.Equal(text, converter.ConvertTo(null, CultureInfo.InvariantCulture, value, typeof(string)));
        Assert.Throws<FormatException>(() => converter.ConvertFromInvariantString("?"));
        Assert.Throws<NotSupportedException>(() => converter.ConvertFrom(7));
    }

    [Fact]
    public void They_bind_from_configuration()
    {
        var settings = Configuration(("Id", "spiffe://td/a"), ("Domain", "td"), ("Patterns:0", "spiffe://TD/**"), ("Patterns:1", "spiffe:any")).Get<Settings>()!;
        Assert.Equal(SpiffeId.Parse("spiffe://td/a"), settings.Id);
        Assert.Equal(TrustDomain.Parse("td"), settings.Domain);
        Assert.Equal(["spiffe://td/**", "spiffe:any"], settings.Patterns.Select(pattern => pattern.ToString()));
    }

    [Fact]
    public void A_wrong_setting_names_its_key_and_the_mistake()
    {
        var thrown = Assert.Throws<InvalidOperationException>(() => Configuration(("Id", "spiffe://td/")).Get<Settings>());
        Assert.Contains("'Id'", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("ends with '/'", thrown.InnerException!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void They_parse_by_their_interface()
    {
        Assert.Equal("spiffe://td/a", Parsed<SpiffeId>("spiffe://td/a"));
        Assert.Equal("td", Parsed<TrustDomain>("spiffe://td"));
        Assert.Equal("spiffe:any", Parsed<SpiffeIdPattern>("spiffe:any"));
    }

    [Theory]
    [InlineData("id?id=spiffe://td/a", HttpStatusCode.OK, "/a")]
    [InlineData("id?id=spiffe://td/", HttpStatusCode.BadRequest, "")]
    [InlineData("domain/td", HttpStatusCode.OK, "spiffe://td")]
    [InlineData("domain/TD", HttpStatusCode.BadRequest, "")]
    [InlineData("pattern?pattern=spiffe://td/**", HttpStatusCode.OK, "spiffe://td/**")]
    [InlineData("pattern?pattern=spiffe://td", HttpStatusCode.BadRequest, "")]
    public async Task They_are_parameters_of_minimal_APIs(string request, HttpStatusCode status, string body)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.MapGet("/id", (SpiffeId id) => id.Path);
        app.MapGet("/domain/{domain}", (TrustDomain domain) => domain.Id.ToString());
        app.MapGet("/pattern", (SpiffeIdPattern pattern) => pattern.ToString());
        await app.StartAsync();

        using var client = new HttpClient();
        using var response = await client.GetAsync($"{app.Urls.Single()}/{request}");
        Assert.Equal(status, response.StatusCode);
        if (status == HttpStatusCode.OK) Assert.Equal(body, await response.Content.ReadAsStringAsync());
    }

    private static string? Parsed<T>(string text) where T : class, ISpanParsable<T>
    {
        Assert.True(T.TryParse(text, null, out var fromText));
        Assert.True(T.TryParse(text.AsSpan(), null, out var fromSpan));
        Assert.Equal(fromText, T.Parse(text, null));
        Assert.Equal(fromSpan, T.Parse(text.AsSpan(), null));
        Assert.Equal(fromText, fromSpan);
        Assert.False(T.TryParse("?", null, out _));
        Assert.False(T.TryParse("?".AsSpan(), null, out _));
        Assert.Throws<FormatException>(() => T.Parse("?", null));
        return fromText.ToString();
    }

    private static IConfiguration Configuration(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))).Build();
}
