using AspNetSpiffe.Cli;

return await CommandLine.RunAsync(args);
