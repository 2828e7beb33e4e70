using AspNetSpiffe.Cli;
using AspNetSpiffe.Cli.Commands;

return await CommandLine.RunAsync(
    args,
    [
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
    ]);
