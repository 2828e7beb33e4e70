// A hub of SignalR that knows its callers, whatever carries the messages.
using Chat.Server;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseUrls(Environment.GetEnvironmentVariable("SERVER_URL") ?? "https://localhost:8443");
builder.WebHost.UseSpiffeMtls();
builder.Services.AddSignalR();

var app = builder.Build();
app.MapHub<ChatHub>("/chat");
app.Run();
