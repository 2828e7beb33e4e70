namespace AspNetSpiffe;

/// <summary>What an operator hears of a watch, in the words of what is watched. None of it throws or waits: the loggers below it are those of a <see cref="NotificationQueue"/>.</summary>
internal interface IWatchLog
{
    void NotLocal(WorkloadApiAddress endpoint);

    void Unavailable(Origin origin, string problem);

    void GivenUp(Origin origin, string problem);

    void UpdateRefused(string problem, bool isFirst);

    void Remark(string remark);

    void WatchFailed(Exception exception);
}
