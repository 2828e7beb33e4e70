using System.ComponentModel;
using System.Diagnostics;
using AspNetSpiffe.Cli.Output;

namespace AspNetSpiffe.Cli.Commands;

/// <summary>The command that runs after a change, for example to make a server reload its files.</summary>
internal static class ChangeCommand
{
    /// <summary>Runs it to completion; changes meanwhile are combined into one later run. Its output goes to our standard output and error.</summary>
    /// <returns>Whether it succeeded; otherwise the reason is on the standard error.</returns>
    public static async Task<bool> RunAsync(string[] command, CancellationToken cancellationToken)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]))!;
            try
            {
                await process.WaitForExitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }

            return process.ExitCode == 0 || Fail(command, $"ended with exit code {process.ExitCode}");
        }
        catch (Win32Exception e)
        {
            return Fail(command, $"cannot be started ({e.NativeErrorCode switch { 2 => "the program does not exist", 13 => "this user has no permission to run it", _ => e.Message }})");
        }
    }

    private static bool Fail(string[] command, string what)
    {
        Terminal.OfErrors().Problem($"aspnet-spiffe: the command '{command[0]}' of --exec {what}.");
        return false;
    }
}
