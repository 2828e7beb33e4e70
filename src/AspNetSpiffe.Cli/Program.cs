using AspNetSpiffe.Cli;
using AspNetSpiffe.Cli.Commands;

return await CommandLine.RunAsync(args, [AgentCommand.Create(), FetchCommand.Create(), WatchCommand.Create()]);
