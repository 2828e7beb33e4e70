namespace AspNetSpiffe.Soak;

/// <summary>Waits for what must come, and calls it a broken promise when it does not.</summary>
internal sealed class Waiting(Mesh mesh, Ledger ledger)
{
    // A workload tries again after 0.5, 1, 2 and 4 seconds; two cores may be busy with other things.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Waits until every workload that has an identity hears from the agent again.</summary>
    public async Task ForNewsAsync()
    {
        var before = mesh.Sources.Select(static s => (Source: s, s.Current)).ToArray();
        mesh.RotateAll();
        await ForAsync("a rotation", () => before.All(static b => !ReferenceEquals(b.Source.Current, b.Current)));
    }

    public async Task ForAsync(string news, Func<bool> condition)
    {
        var limit = ledger.Now + Patience;
        while (!condition())
        {
            if (ledger.Now > limit)
            {
                ledger.Break(Promise.News, $"{news} has not arrived within {Patience.TotalSeconds} s");
                return;
            }

            await Task.Delay(20);
        }
    }
}
