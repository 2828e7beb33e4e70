using System.CommandLine;
using System.CommandLine.Parsing;
using AspNetSpiffe.Cli.Commands;
using AspNetSpiffe.Cli.Output;

namespace AspNetSpiffe.Cli;

/// <summary>Runs a command. On failure it writes one line with the reason to the standard error, with <c>--json</c> as JSON.</summary>
internal static class CommandLine
{
    // A stopping agent ends the streams of its clients first.
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Creates the root command with all subcommands.</summary>
    public static RootCommand Create() => new("A SPIFFE development agent, a client of any SPIFFE Workload API, and an inspector of SVIDs and bundles. Exit codes: 0 success or yes, 1 failure or no, 2 invalid command line.")
    {
        AgentCommand.Create(),
        CheckCommand.Create(),
        DoctorCommand.Create(),
        FetchCommand.Create(),
        IdCommand.Create(),
        InspectCommand.Create(),
        MatchCommand.Create(),
        RequestCommand.Create(),
        WatchCommand.Create(),
        WriteCommand.Create(),
    };

    public static async Task<int> RunAsync(string[] args)
    {
        // Read before parsing, so that an error in the command line is JSON too.
        var json = args.TakeWhile(static word => word != "--").Contains(JsonOption.Name);
        var parsed = Create().Parse(args);
        if (parsed.Errors.Count > 0) return Fail(json, ExitCode.Usage, $"{Describe(parsed)} Try '{PathOf(parsed.CommandResult)} --help'.");

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = StopTimeout });
        }
        catch (OperationCanceledException)
        {
            return Fail(json, ExitCode.Failed, "interrupted.");
        }
        catch (Exception mistake) when (mistake is UsageException or ArgumentException)
        {
            // The libraries validate their arguments too.
            return Fail(json, ExitCode.Usage, mistake.Message);
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            return Fail(json, ExitCode.Failed, failure.Message);
        }
    }

    // Errors that a user can cause and correct; all others are defects and show a stack trace.
    private static bool IsExpected(Exception failure) =>
        failure is WorkloadApiException or IOException or UnauthorizedAccessException or FormatException or InvalidOperationException or TimeoutException or PlatformNotSupportedException;

    private static int Fail(bool json, int exitCode, string message)
    {
        var line = message.ReplaceLineEndings(" ");
        Console.Error.WriteLine(json ? Json.OfError(line, exitCode) : $"aspnet-spiffe: {line}");
        return exitCode;
    }

    // The parser reports an unknown command as a missing one.
    private static string Describe(ParseResult parsed)
    {
        var (command, path) = (parsed.CommandResult.Command, PathOf(parsed.CommandResult));
        var names = command.Subcommands.Select(static c => c.Name).ToArray();
        if (parsed.UnmatchedTokens is not [var unknown, ..])
            return names.Length == 0 ? parsed.Errors[0].Message : $"'{path}' requires one of its commands: {string.Join(", ", names)}.";
        if (unknown.StartsWith('-'))
            return $"'{path}' has no option '{unknown}'; the nearest is '{Nearest.Of(unknown, command.Options.Select(static o => o.Name).Append("--help"))}'.";
        return names.Length == 0
            ? $"'{path}' takes no argument '{unknown}'."
            : $"'{path}' has no command '{unknown}'; the nearest is '{Nearest.Of(unknown, names)}'. Its commands: {string.Join(", ", names)}.";
    }

    private static string PathOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{PathOf(parent)} {command.Command.Name}" : "aspnet-spiffe";
}
