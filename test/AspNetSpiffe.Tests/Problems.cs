using System.Net;
using System.Text.Json;

namespace AspNetSpiffe.Tests;

/// <summary>What a refused caller may see.</summary>
internal static class Problems
{
    /// <summary>Holds that an answer is Problem Details with type, title and status, and nothing that helps a stranger.</summary>
    public static async Task AssertAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.ToString());

        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(["type", "title", "status"], body.RootElement.EnumerateObject().Select(member => member.Name));
        Assert.Equal((int)status, body.RootElement.GetProperty("status").GetInt32());
        Assert.Equal(status == HttpStatusCode.Unauthorized ? "Unauthorized" : "Forbidden", body.RootElement.GetProperty("title").GetString());
        Assert.Equal(status == HttpStatusCode.Unauthorized ? "Spiffe" : "", response.Headers.WwwAuthenticate.ToString());
    }
}
