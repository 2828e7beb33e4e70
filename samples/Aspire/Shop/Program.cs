// A worker that calls the orders service every second. The app host sets its address; the expected SPIFFE ID is set here.
using Aspire.Shop;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

var builder = Host.CreateApplicationBuilder(args);
builder.Services.AddSpiffe();
builder.Services.AddHttpClient("orders", client => client.BaseAddress = new Uri(builder.Configuration["services:orders:https:0"]!)).AddSpiffeMtls("spiffe://example.org/orders");
builder.Services.AddHostedService<Shopper>();
builder.Build().Run();
