using AspNetSpiffe;

namespace PolicyEngine;

/// <summary>The REST API of Open Policy Agent: <c>POST /v1/data/{path}</c> with an input; the response has a result, or none if the policy is undefined.</summary>
internal sealed class PolicyEngineClient(HttpClient http)
{
    /// <exception cref="HttpRequestException">The engine is unavailable, is not the expected server, or returned an error.</exception>
    public async Task<bool> AllowsAsync(SpiffeId caller, string method, string path, CancellationToken cancellationToken)
    {
        using var answer = await http.PostAsJsonAsync("/v1/data/orders/allow", new Question(new(caller.ToString(), method, path)), cancellationToken);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<Answer>(cancellationToken))?.Result is true;
    }

    private sealed record Question(Input Input);

    private sealed record Input(string Caller, string Method, string Path);

    private sealed record Answer(bool? Result);
}
