namespace AspNetSpiffe.Cli.Output;

/// <summary>Shows on a terminal what a command is waiting for, if it takes time.</summary>
internal static class Progress
{
    private static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(1);

    public static async Task<T> ShowAsync<T>(string what, Task<T> task)
    {
        if (Console.IsErrorRedirected) return await task;
        using var done = new CancellationTokenSource();
        if (await Task.WhenAny(task, Task.Delay(Noticeable, done.Token)) != task) Terminal.OfErrors().Note($"{what} …");
        await done.CancelAsync();
        return await task;
    }
}
