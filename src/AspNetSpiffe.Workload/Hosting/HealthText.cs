namespace AspNetSpiffe;

/// <summary>Common texts and data of the health checks.</summary>
internal static class HealthText
{
    /// <summary>Returns the data of a watch for a health report.</summary>
    public static Dictionary<string, object> DataOf(WatchStatus status)
    {
        var data = new Dictionary<string, object> { ["origin"] = status.Origin.Name, ["connected"] = status.History.IsConnected };
        if (status.History.LastGood is { } good) data["lastUpdate"] = good;
        if (status.History.Last is { Problem: { } problem, At: var at }) (data["lastError"], data["lastErrorAt"]) = (problem, at);
        return data;
    }

    public static TimeSpan Rounded(TimeSpan time) => TimeSpan.FromSeconds(Math.Max(0, Math.Floor(time.TotalSeconds)));
}
