// A SignalR hub that authenticates its callers over every transport.
using Chat.Server;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseUrls(Environment.GetEnvironmentVariable("SERVER_URL") ?? "https://localhost:8443");
builder.WebHost.UseSpiffeMtls();
builder.Services.AddSignalR();

var app = builder.Build();
app.MapHub<ChatHub>("/chat");
app.Run();
