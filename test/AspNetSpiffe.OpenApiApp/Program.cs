// An application whose build writes its OpenAPI document: the tool starts it with a server that does nothing, and there is no agent.
var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseSpiffeMtls();
builder.Services.AddAuthentication().AddSpiffeJwt(options => options.Audiences.Add("https://orders.example.org"));
builder.Services.AddHttpClient("orders").AddSpiffeMtls("spiffe://example.org/orders").AddSpiffeJwt("orders");
builder.Services.AddOpenApi();

var app = builder.Build();
app.MapOpenApi();
app.MapGet("/report", (HttpContext http) => $"Hello, {http.GetSpiffeId()}").RequireAuthorization("spiffe://example.org/client");
app.Run();
