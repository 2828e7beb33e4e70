namespace AspNetSpiffe;

/// <summary>The log events of a watch. Its methods neither throw nor block: their loggers are those of a <see cref="NotificationQueue"/>.</summary>
internal interface IWatchLog
{
    void NotLocal(WorkloadApiAddress endpoint);

    void Unavailable(Origin origin, string problem);

    void GivenUp(Origin origin, string problem);

    void UpdateRefused(string problem, bool isFirst);

    void Remark(string remark);

    void WatchFailed(Exception exception);
}
