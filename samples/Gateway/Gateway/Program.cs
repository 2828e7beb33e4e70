// A gateway with mutual TLS in both directions. appsettings.json has the allowed callers (policy of a route) and the expected servers (metadata of a cluster).
var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseSpiffeMtls();
builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy")).AddSpiffeMtls();

var app = builder.Build();
app.MapReverseProxy();
app.Run();
