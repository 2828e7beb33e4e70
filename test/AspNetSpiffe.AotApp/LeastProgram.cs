// A service with mutual TLS and nothing else: 'least --urls URL', or 'kestrel FOLDER' for the one without this library.
using AspNetSpiffe.AotApp;

await (args is ["kestrel", var folder, .. var settings] ? LeastService.RunKestrelAsync(folder, settings) : LeastService.RunSpiffeAsync(args[1..]));
