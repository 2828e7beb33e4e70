namespace AspNetSpiffe;

/// <summary>What an operator hears of a watch, in the words of what is watched. None of it throws or waits: the loggers below it are those of a <see cref="NotificationQueue"/>.</summary>
internal interface IAgentLog
{
    void NotLocal(WorkloadApiAddress endpoint);

    void AgentUnavailable(WorkloadApiAddress endpoint, string problem);

    void GivenUp(WorkloadApiAddress endpoint, string problem);

    void UpdateRefused(string problem, bool isFirst);

    void Remark(string remark);

    void WatchFailed(Exception exception);
}
