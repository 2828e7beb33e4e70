// A service, its caller and the development agent in one program, which is published as Native AOT and trimmed.
using AspNetSpiffe.AotApp;

switch (args)
{
    case ["agent", var folder]:
        await Agent.RunAsync(folder);
        return 0;
    case ["serve", .. var settings]:
        await Service.RunAsync(settings);
        return 0;
    case ["call", var server]:
        await Caller.RunAsync(server);
        return 0;
    default:
        Console.Error.WriteLine("Say 'agent FOLDER', 'serve --urls URL' or 'call HOST:PORT'.");
        return 2;
}
