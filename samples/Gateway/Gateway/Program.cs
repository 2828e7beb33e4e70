// A gateway with mutual TLS in and out. Who may come in, a route's policy says; who must answer, a cluster's metadata: appsettings.json.
var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseSpiffeMtls();
builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy")).AddSpiffeMtls();

var app = builder.Build();
app.MapReverseProxy();
app.Run();
