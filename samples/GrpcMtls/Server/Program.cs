// A gRPC service over mutual TLS with a SPIFFE identity. One client may connect; policies control which methods it may call.
using GrpcMtls.Server;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseUrls(Environment.GetEnvironmentVariable("SERVER_URL") ?? "https://localhost:8443");
builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers = ["spiffe://example.org/client"]);
builder.Services.AddGrpc();

var app = builder.Build();
app.MapGrpcService<GreeterService>();
app.Run();
